#!/bin/bash
# setup installs what is missing, once, and only on Debian 12. dpkg-query and apt-get are stand-ins.
# shellcheck source=tests/build/support.sh
source "$(dirname "$0")/support.sh"

# stand_in NAME: a program of that name, first on PATH, with the script on stdin.
stand_in()
{
    mkdir -p bin
    { echo '#!/bin/bash' && cat; } >"bin/$1"
    chmod +x "bin/$1"
}

# machine ID VERSION PACKAGE...: an os-release, and the packages installed there as "name version".
machine()
{
    printf 'PRETTY_NAME="%s system"\nID=%s\nVERSION_ID="%s"\n' "$1" "$1" "$2" >os-release
    shift 2
    printf '%s install ok installed\n' "$@" >installed
    stand_in dpkg-query <<<"cat '$PWD/installed'"
    stand_in apt-get <<<"echo \"\$@\" >>'$PWD/apt-log'"
    stand_in sudo <<<"echo sudo >>'$PWD/apt-log'; \"\$@\""
    touch apt-log
}

all_of()
{
    "$REPO/scripts/setup" --print "$@" | sed -E 's/>=.*//; s/$/ 99.0/'
}

setup()
{
    env -u NO_SETUP OS_RELEASE="$PWD/os-release" PATH="$PWD/bin:$PATH" "$REPO/scripts/setup" "$@"
}

with_all_there_it_does_nothing_and_says_nothing()
{
    local packages
    mapfile -t packages < <(all_of build test)
    machine debian 12 "${packages[@]}"
    [[ -z $(setup build test 2>&1) ]]
    [[ ! -s apt-log ]]
}

what_is_missing_is_installed_after_one_update()
{
    local packages
    mapfile -t packages < <(all_of build test | grep -v -e libcmocka-dev -e zlib1g-dev)
    machine debian 12 "${packages[@]}"
    says 'installing with apt-get.*: libcmocka-dev zlib1g-dev$' setup build test
    grep -v sudo apt-log >calls
    [[ $(wc -l <calls) == 2 ]]
    sed -n 1p calls | grep -q ' update$'
    sed -n 2p calls | grep -q ' install -y --no-install-recommends libcmocka-dev zlib1g-dev$'
}

a_package_that_is_too_old_is_missing()
{
    local packages
    mapfile -t packages < <(all_of build | grep -v '^libcjson1 ')
    machine debian 12 "${packages[@]}" 'libcjson1 1.7.15-1'
    says 'installing with apt-get.*: libcjson1$' setup build
}

another_system_is_told_the_packages_and_left_alone()
{
    machine ubuntu 24.04 'gcc 99.0'
    says 'made for Debian 12; here is ubuntu system' setup build
    says '  .*libmicrohttpd-dev' setup build
    fails setup build
    [[ ! -s apt-log ]]
}

another_system_with_all_the_packages_is_fine()
{
    local packages
    mapfile -t packages < <(all_of build)
    machine ubuntu 24.04 "${packages[@]}"
    setup build
}

a_failed_install_is_told_and_stops()
{
    machine debian 12 'gcc 99.0'
    stand_in apt-get <<<'exit 100'
    says 'apt-get could not install' setup build
    fails setup build
}

NO_SETUP_skips_it()
{
    machine debian 12 'gcc 99.0'
    OS_RELEASE="$PWD/os-release" PATH="$PWD/bin:$PATH" NO_SETUP=1 "$REPO/scripts/setup" build
    [[ ! -s apt-log ]]
}

an_unknown_group_is_refused()
{
    machine debian 12
    says "no group 'nothing'" setup nothing
    fails setup nothing
}

make_run_needs_no_package_of_lint_or_test()
{
    "$REPO/scripts/setup" --print build run >packages
    fails grep -E 'clang|cppcheck|shellcheck|cmocka|python' packages
}

run_tests with_all_there_it_does_nothing_and_says_nothing \
    what_is_missing_is_installed_after_one_update \
    a_package_that_is_too_old_is_missing \
    another_system_is_told_the_packages_and_left_alone \
    another_system_with_all_the_packages_is_fine \
    a_failed_install_is_told_and_stops \
    NO_SETUP_skips_it \
    an_unknown_group_is_refused \
    make_run_needs_no_package_of_lint_or_test
