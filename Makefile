# One Makefile for the whole tree: no recursion into folders, header dependencies by -MMD -MP, object
# lists by wildcard, so that a new file needs no line here. `make help` lists the targets.
#
# VARIANT=release|debug|asan|tsan picks the flags (`make fuzz` uses one more, fuzz); everything lands in
# build/$(VARIANT)/. A change of flags, of the compiler or of the list of files rebuilds what it touches:
# the stamps $(BUILD)/flags and $(BUILD)/lib*.objects hold what was used last.

VARIANT ?= release
BUILD   ?= build/$(VARIANT)
PREFIX  ?= /usr/local
DATA    ?= bracketd-data
LISTEN  ?= 127.0.0.1:8080
CLANG        ?= clang-14
CLANG_TIDY   ?= clang-tidy-14
CLANG_FORMAT ?= clang-format-14
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(VARIANT)),$(CLANG),gcc)
endif

# bash for pipefail: a pipe fails with its first command.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

ifeq ($(filter $(VARIANT),release debug asan tsan fuzz),)
$(error VARIANT=$(VARIANT): release, debug, asan, tsan or fuzz)
endif

# As many jobs as processors, unless -j says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# Low to high: a layer includes and links only what stands left of it.
LAYERS := base engine orders db server

# ---- flags -------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
        -Wwrite-strings -Wundef -Wformat=2 -Wvla -Wno-missing-field-initializers
ifeq ($(CI),true)
WARN += -Werror
endif
# clang alone minds names that <time.h> gives to variables.
ifeq ($(VARIANT),fuzz)
WARN += -Wno-shadow
endif

# Contracting a*b+c into one rounding would make results depend on the machine: never.
CFLAGS_COMMON  := -std=gnu11 -g -pthread -ffp-contract=off -fno-math-errno -fno-omit-frame-pointer
CFLAGS_release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_debug   := -O0
CFLAGS_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -DVARIANT_SANITIZED=1
CFLAGS_tsan    := -O1 -fsanitize=thread -DVARIANT_SANITIZED=1
# clang: libFuzzer counts what was reached. The casts are those that gcc's sanitizer leaves alone too.
CFLAGS_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow \
                  -fno-sanitize-recover=all -DVARIANT_SANITIZED=1
LDFLAGS_release := -Wl,-z,relro,-z,now
LDFLAGS_asan   := -fsanitize=address,undefined
LDFLAGS_tsan   := -fsanitize=thread
LDFLAGS_fuzz   := -fsanitize=address,undefined

# The engine is where the time goes.
OPT_release_engine := -O3

ALL_CPPFLAGS := -I. -D_GNU_SOURCE $(CPPFLAGS)
# banned.h turns forbidden calls of libc into compile errors, in every C file.
C_CPPFLAGS   := -include base/banned.h $(ALL_CPPFLAGS)
ALL_CFLAGS    = $(CFLAGS_COMMON) $(CFLAGS_$(VARIANT)) $(OPT_$(VARIANT)_$(firstword $(subst /, ,$<))) \
                $(WARN) $(CFLAGS)
ALL_LDFLAGS  := -pthread -Wl,--as-needed $(LDFLAGS_$(VARIANT)) $(LDFLAGS)

# What each layer needs from the system, with all that the layers below it need.
LIBS_base   := -lcjson -lsodium -lnettle -lz -lm
LIBS_engine := $(LIBS_base)
LIBS_orders := $(LIBS_engine)
LIBS_db     := -lsqlite3 $(LIBS_orders)
LIBS_server := -lmicrohttpd -lcurl -linih $(LIBS_db)

# ---- files -------------------------------------------------------------------------------------

# A layer is its folder and one level of sub-folders.
sources = $(filter-out server/main.c,$(wildcard $(1)/*.[cS] $(1)/*/*.[cS]))
objects = $(patsubst %,$(BUILD)/%.o,$(basename $(1)))

TEST_SOURCES    := $(foreach l,$(LAYERS),$(wildcard tests/$(l)/test_*.c tests/$(l)/*/test_*.c))
# tests/support/ is linked into every test; what one layer's tests share beside them, into those that use it.
SUPPORT_SOURCES := $(wildcard tests/support/*.c)
HELPER_SOURCES  := $(filter-out $(TEST_SOURCES),$(foreach l,$(LAYERS),$(wildcard tests/$(l)/*.c tests/$(l)/*/*.c)))
# A fuzz target is linked with libFuzzer in its variant, elsewhere with what replays files: a test.
FUZZ_SOURCES    := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_REPLAY     := $(wildcard tests/fuzz/replay.c)
FUZZ_SUPPORT    := $(filter-out $(FUZZ_SOURCES) $(FUZZ_REPLAY),$(wildcard tests/fuzz/*.c))
BENCH_SOURCES   := $(wildcard bench/bench_*.c)
BENCH_SUPPORT   := $(wildcard bench/support/*.c)
SIM_SOURCES     := $(wildcard tests/sim/*.c)
# Stands between a server and libc in the crash tests: LD_PRELOAD.
SHIM_SOURCES    := $(wildcard tests/fault/shim/*.c)
SCRIPT_TESTS    := $(wildcard tests/build/test-*.sh)
HTTP_TESTS      := $(wildcard tests/http/run.py)

ALL_SOURCES := $(wildcard server/main.c) $(foreach l,$(LAYERS),$(call sources,$(l))) \
               $(TEST_SOURCES) $(SUPPORT_SOURCES) $(HELPER_SOURCES) \
               $(SIM_SOURCES) $(SHIM_SOURCES) $(FUZZ_SOURCES) $(FUZZ_REPLAY) $(FUZZ_SUPPORT) $(BENCH_SOURCES) $(BENCH_SUPPORT)
C_SOURCES   := $(filter %.c,$(ALL_SOURCES))
HEADERS     := $(foreach l,$(LAYERS) bench $(addprefix tests/,$(LAYERS) support fuzz sim fault),\
                 $(wildcard $(l)/*.h $(l)/*/*.h))
ALL_OBJECTS := $(call objects,$(ALL_SOURCES))

BINARY   := $(BUILD)/bracketd
ARCHIVES := $(LAYERS:%=$(BUILD)/lib%.a)
TESTS    := $(patsubst %.c,$(BUILD)/%,$(TEST_SOURCES))
FUZZERS  := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SOURCES))
# As a test it runs a few thousand schedules, in every variant; `make sim` runs millions.
SIM      := $(if $(SIM_SOURCES),$(BUILD)/tests/sim/sim)
SHIM     := $(BUILD)/tests/fault/shim.so
REPLAYS  := $(if $(filter fuzz,$(VARIANT)),,$(FUZZERS))
BENCHES  := $(patsubst %.c,$(BUILD)/%,$(BENCH_SOURCES))

.PHONY: all run test unit http-test check coverage-orders coverage-run bench crash docs fuzz fuzz-targets model sim mutants lint lint-layers lint-headers lint-text \
        lint-scripts lint-format lint-clang lint-tidy lint-cppcheck format clean install help setup FORCE
.SECONDARY:
.DELETE_ON_ERROR:

all: $(BINARY) ## build the binary: build/release/bracketd

# ---- set-up ------------------------------------------------------------------------------------

# These goals install the Debian packages they need before the first file is compiled; the others
# take the machine as it is. NO_SETUP=1 takes it as it is always.
setup_run   := build run
setup_test  := build test
setup_unit  := build test
setup_http-test := build test
setup_crash := build run test
setup_bench := build bench
setup_fuzz  := build fuzz
setup_model := model
setup_sim   := build
setup_mutants := build test
setup_lint  := build test lint
setup_check := build test lint
ifeq ($(NO_SETUP),)
SETUP_GROUPS := $(sort $(foreach goal,$(MAKECMDGOALS),$(setup_$(goal))))
endif
SETUP := $(if $(SETUP_GROUPS),setup)

setup: ## install the Debian packages of everything (setup-build, -test, -lint, -bench, -fuzz, -model: of one group)
	@scripts/setup $(or $(SETUP_GROUPS),build run test lint bench fuzz model)

setup-%:
	@scripts/setup $*

# ---- compile and link --------------------------------------------------------------------------

# One short line per file; V=1 shows the commands.
Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-5s %s\n' $(1) $@)

# $(call write_if_changed,text): the target is rewritten, and so newer, only when the text differs.
define write_if_changed
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' >$@
endef

# The optimisation of a layer goes by $<, which is no source here: named apart.
$(BUILD)/flags: FORCE | $(SETUP)
	$(call write_if_changed,$(shell $(CC) --version | head -n 1) $(C_CPPFLAGS) $(ALL_CFLAGS) \
	  $(OPT_$(VARIANT)_engine) $(ALL_LDFLAGS))

$(BUILD)/%.objects: FORCE
	$(call write_if_changed,$(call objects,$(call sources,$(patsubst lib%,%,$*))))

$(BUILD)/libhelpers.objects: FORCE
	$(call write_if_changed,$(call objects,$(HELPER_SOURCES)))

$(BUILD)/libbench.objects: FORCE
	$(call write_if_changed,$(call objects,$(BENCH_SUPPORT)))

$(BUILD)/%.o: %.c $(BUILD)/flags | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(C_CPPFLAGS) -MMD -MP $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.S $(BUILD)/flags | $(SETUP)
	@mkdir -p $(@D)
	$(call say,AS)
	$(Q)$(CC) $(ALL_CPPFLAGS) -MMD -MP -c -o $@ $<

# What .incbin embeds is no header: the compiler does not tell of it.
$(BUILD)/server/assets.o: openapi.yaml $(wildcard server/report/*.css)

$(foreach l,$(LAYERS),$(eval $(BUILD)/lib$(l).a: $(call objects,$(call sources,$(l)))))
$(BUILD)/libhelpers.a: $(call objects,$(HELPER_SOURCES))
$(BUILD)/libbench.a: $(call objects,$(BENCH_SUPPORT))
$(BUILD)/lib%.a: $(BUILD)/lib%.objects
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $(filter %.o,$^)

archives_base   := $(BUILD)/libbase.a
archives_engine := $(BUILD)/libengine.a $(archives_base)
archives_orders := $(BUILD)/liborders.a $(archives_engine)
archives_db     := $(BUILD)/libdb.a $(archives_orders)
archives_server := $(BUILD)/libserver.a $(archives_db)

$(BINARY): $(BUILD)/server/main.o $(archives_server)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_server)

# A layer's tests link that layer and those below it, nothing above: the linker holds the layer rule.
define test_rule
$(BUILD)/tests/$(1)/%: $(BUILD)/tests/$(1)/%.o $(call objects,$(SUPPORT_SOURCES)) $(BUILD)/libhelpers.a $(archives_$(1))
	$$(call say,LINK)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ -lcmocka $(LIBS_$(1))
endef
$(foreach l,$(LAYERS),$(eval $(call test_rule,$(l))))

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(call objects,$(FUZZ_SUPPORT)) \
                       $(if $(REPLAYS),$(call objects,$(FUZZ_REPLAY))) $(archives_server)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) $(if $(REPLAYS),,-fsanitize=fuzzer) -o $@ $^ $(LIBS_server)

$(BUILD)/tests/sim/sim: $(call objects,$(SIM_SOURCES)) $(archives_orders)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_orders)

$(call objects,$(SHIM_SOURCES)): CFLAGS += -fPIC
$(SHIM): $(call objects,$(SHIM_SOURCES))
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -shared -o $@ $^

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/libbench.a $(archives_server)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_server)

-include $(ALL_OBJECTS:.o=.d)

# ---- run and test ------------------------------------------------------------------------------

run: $(BINARY) ## set up, build, start the server on LISTEN=127.0.0.1:8080 with demo bars in DATA=bracketd-data
	$(BINARY) serve --demo --data $(DATA) --listen $(LISTEN)

HTTP_COMMAND := $(if $(HTTP_TESTS),-- /usr/bin/python3 tests/http/run.py --binary $(BINARY))

test: $(BINARY) $(TESTS) $(SIM) $(REPLAYS) ## set up, build, run every test; ends in one line "N passed, N failed"
	@VARIANT=$(VARIANT) scripts/run-tests --logs $(BUILD)/test-logs $(SCRIPT_TESTS) $(TESTS) $(SIM) $(REPLAYS) $(HTTP_COMMAND)

unit: $(TESTS) $(SIM) $(REPLAYS) ## the unit tests alone
	@VARIANT=$(VARIANT) scripts/run-tests --logs $(BUILD)/test-logs $(TESTS) $(SIM) $(REPLAYS)

http-test: $(BINARY) ## the black-box HTTP tests alone
	@VARIANT=$(VARIANT) scripts/run-tests --logs $(BUILD)/test-logs $(HTTP_COMMAND)

# Unoptimised, so that a branch is one that the source has.
ORDERS_TESTS := $(filter $(BUILD)/tests/orders/%,$(TESTS))

coverage-orders: ## branch coverage of orders/ by its own tests; fails below 100 %
	+@$(MAKE) --no-print-directory NO_SETUP=1 VARIANT=debug BUILD=build/coverage CFLAGS=--coverage \
	  LDFLAGS=--coverage coverage-run
	@scripts/coverage-orders build/coverage

coverage-run: $(ORDERS_TESTS)
	@find $(BUILD) -name '*.gcda' -delete
	@set -e; for test in $(ORDERS_TESTS); do $$test >$$test.log 2>&1 || { cat $$test.log; exit 1; }; done

check: $(SETUP) ## lint, then the tests in release, asan and tsan
	+@scripts/check lint release asan tsan

# The targets and all they link are built in a variant of their own, by clang.
fuzz: $(SETUP) ## run every fuzzer for SECONDS=60 (FUZZ=word: only matching); crashes in build/fuzz/crashes
	+@$(MAKE) --no-print-directory NO_SETUP=1 VARIANT=fuzz BUILD=build/fuzz fuzz-targets
	@scripts/fuzz --seconds $(or $(SECONDS),60) $(if $(FUZZ),--only $(FUZZ))

fuzz-targets: $(FUZZERS)

sim: $(SIM) ## simulate N=2000000 schedules of the bracket machine on THREADS processors; SEED=n: one, told in full
	@$(SIM) $(if $(SEED),--seed $(SEED) --trace,--n $(or $(N),2000000) --first $(or $(FIRST),1) --threads $(or $(THREADS),$(shell nproc)))

mutants: $(SIM) ## plant each mistake of tests/sim/mutants.txt in a copy of the core: the simulator must find it (MUTANT=name)
	@tests/sim/mutants --build $(BUILD) --cc '$(CC)' --libs '$(LIBS_orders)' --n $(or $(N),100000) $(MUTANT)

model: | $(SETUP) ## explore the Spin model of cancel and replace, and find the bugs planted in it (FULL=1: wider budgets)
	@tests/model/run $(if $(FULL),--full)

CRASH = --n $(or $(N),200) --points $(or $(POINTS),200) --seed $(or $(SEED),1) $(if $(ONLY),--only $(ONLY)) $(PARTS)

crash: $(BINARY) $(SHIM) ## kill the server N=200 times under load, at POINTS=200 calls of scripts (0: all), and hinder it (SEED=, PARTS=)
	@/usr/bin/python3 tests/fault/run.py --binary $(BINARY) --shim $(SHIM) --evidence $(BUILD)/crash $(CRASH)

bench: $(BENCHES) ## build and run every benchmark, each beside its baseline (BENCH=word: only matching)
	@set -e; for bench in $(if $(BENCH),$(foreach b,$(BENCHES),$(if $(findstring $(BENCH),$(b)),$(b))),$(BENCHES)); do \
	  printf '\n== %s\n' "$$(basename $$bench)"; $$bench; done

DOCS_WRITERS := $(BUILD)/tests/engine/test_indicator_docs $(BUILD)/tests/orders/test_order_docs

docs: $(DOCS_WRITERS) ## write the tables and the diagram in docs/ that come from tables in the code
	@set -e; for writer in $(DOCS_WRITERS); do $$writer --write; done

# ---- lint --------------------------------------------------------------------------------------

# scripts/lint runs the checks one by one, so that each tells its findings apart from the others'.
lint: $(ARCHIVES) ## layers, formatting, clang-tidy, cppcheck, thread annotations, texts
	+@scripts/lint

lint-layers: $(ARCHIVES)
	@scripts/check-layers --build $(BUILD)

lint-text:
	@scripts/check-text

lint-scripts:
	@shellcheck -x $$(grep -l '^#!/bin/bash' scripts/* .ci/* tests/build/* tests/model/run)

lint-format:
	@$(CLANG_FORMAT) --dry-run -Werror $(C_SOURCES) $(HEADERS) 2>&1 | \
	  awk -F: '/error:/ && !seen[$$1]++ { print $$1 ":" $$2 ": not as clang-format has it: make format" }'

# One stamp per file, newer than its object: only what was compiled anew is looked at again.
TIDY_STAMPS   := $(patsubst %.c,$(BUILD)/lint/%.tidy,$(C_SOURCES))
CLANG_STAMPS  := $(patsubst %.c,$(BUILD)/lint/%.clang,$(C_SOURCES))
HEADER_STAMPS := $(patsubst %,$(BUILD)/lint/%.alone,$(HEADERS))
CLANG_FLAGS   := -std=gnu11 -pthread -Wall -Wextra -Wthread-safety -Wno-missing-field-initializers \
                 -Wno-bitwise-conditional-parentheses

lint-tidy: $(TIDY_STAMPS)
lint-clang: $(CLANG_STAMPS)
lint-headers: $(HEADER_STAMPS)

$(BUILD)/lint/%.tidy: $(BUILD)/%.o .clang-tidy tests/.clang-tidy scripts/analyzer.h
	@mkdir -p $(@D)
	@$(CLANG_TIDY) --quiet --warnings-as-errors='*' $*.c -- $(C_CPPFLAGS) $(CLANG_FLAGS) \
	  $(if $(filter base/error engine/rule/lexer,$*),-DANALYZER_WITHOUT_ERRORS) -include scripts/analyzer.h 2>&1 | \
	  sed "/^[0-9]* warnings\? /d; s|^$$PWD/||"
	@touch $@

# Tests take locks in the wrong order on purpose: the annotations hold for the program.
$(BUILD)/lint/%.clang: $(BUILD)/%.o
	@mkdir -p $(@D)
	@$(CLANG) -fsyntax-only -Werror $(C_CPPFLAGS) $(CLANG_FLAGS) \
	  $(if $(filter tests/%,$*),-Wno-thread-safety-analysis) $*.c
	@touch $@

$(BUILD)/lint/%.h.alone: %.h $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '#include "$*.h"' | $(CC) -fsyntax-only -Werror $(C_CPPFLAGS) $(ALL_CFLAGS) -x c -
	@touch $@

# The program and its benchmarks: what cppcheck finds in tests is noise beside clang-tidy.
# shiftNegativeLHS: >> of a negative number is arithmetic with gcc and clang. invalidPointerCast: aligned
# memory becomes columns. Of uninitialised variables and the order of evaluation the compilers know more.
# incorrectLogicOperator: 0x1p63 and 0x1p53 are read as 0.
CPPCHECK_SUPPRESS := shiftNegativeLHS invalidPointerCast uninitvar legacyUninitvar uninitStructMember \
                     unknownEvaluationOrder incorrectLogicOperator:base/json_value.c \
                     incorrectLogicOperator:base/json_decode.c

lint-cppcheck:
	@mkdir -p $(BUILD)/lint/cppcheck
	@cppcheck --quiet -j $$(nproc) --cppcheck-build-dir=$(BUILD)/lint/cppcheck --std=c11 \
	  --enable=warning,performance,portability --inline-suppr $(CPPCHECK_SUPPRESS:%=--suppress=%) \
	  --library=scripts/cppcheck.cfg --error-exitcode=1 --template=gcc -I. -D_GNU_SOURCE $(filter-out tests/%,$(C_SOURCES))

format: ## clang-format every source file in place
	@$(CLANG_FORMAT) -i $(C_SOURCES) $(HEADERS)

# ---- the rest ----------------------------------------------------------------------------------

install: $(BINARY) ## binary, openapi.yaml and docs under DESTDIR and PREFIX=/usr/local
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/bracketd
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/bracketd openapi.yaml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/bracketd $(wildcard README.md ARCHITECTURE.md docs/*.md)

clean: ## remove build/
	rm -rf build

help: ## this list
	@awk -F ' ## ' '/^[a-z-]+:.* ## / { split($$1, t, ":"); printf "make %-10s %s\n", t[1], $$2 }' Makefile
