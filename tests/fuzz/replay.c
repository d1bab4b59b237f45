/* Runs a fuzz target on files, without libFuzzer.
 *
 *   fuzz_<name> [FILE|FOLDER...]
 *
 * Without arguments the target's seeds and regressions, from the root of the tree. An input that
 * fails ends the program; the line before says which one it was. Otherwise the last line is "N
 * passed, 0 failed".
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

static int passed;

static void die(const char *what, const char *path)
{
    fprintf(stderr, "%s %s\n", what, path);
    exit(2);
}

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        die("cannot read", path);
    long size = ftell(file);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    rewind(file);
    if (size < 0 || data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size)
        die("cannot read", path);
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    passed++;
}

static int is_no_dot_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay(const char *path)
{
    struct stat st;
    struct dirent **entries;
    if (stat(path, &st) != 0)
        die("cannot find", path);
    if (!S_ISDIR(st.st_mode)) {
        replay_file(path);
        return;
    }
    int count = scandir(path, &entries, is_no_dot_file, alphasort);
    if (count < 0)
        die("cannot list", path);
    for (int i = 0; i < count; i++) {
        char inside[4096];
        snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
        replay(inside);
        free(entries[i]);
    }
    free(entries);
}

/* tests/fuzz/<kind>/<name>, by the name of the program; a target may be without regressions. */
static void replay_kind(const char *program, const char *kind)
{
    const char *name = strrchr(program, '_');
    char path[256];
    struct stat st;
    if (name == NULL)
        die("a fuzz target is called fuzz_<name>, not", program);
    snprintf(path, sizeof path, "tests/fuzz/%s/%s", kind, name + 1);
    if (stat(path, &st) == 0)
        replay(path);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (argc == 1) {
        replay_kind(argv[0], "seeds");
        replay_kind(argv[0], "regressions");
    }
    printf("%d passed, 0 failed\n", passed);
    return passed > 0 ? 0 : 1;
}
