#include "bench/support/bench_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void bench_folder_make(char out[BENCH_FOLDER_BYTES])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, BENCH_FOLDER_BYTES, "%s/bracketd-bench-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(out)) {
        perror(out);
        exit(1);
    }
}

void bench_folder_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *item;
    char path[2 * BENCH_FOLDER_BYTES];
    while (dir && (item = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s", folder, item->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}
