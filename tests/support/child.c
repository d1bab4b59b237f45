#include "tests/support/child.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_child(void (*fn)(void *), void *context, int stderr_fd)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGABRT, SIG_DFL); /* cmocka catches it to fail the test, which would hide the abort */
    dup2(stderr_fd, STDERR_FILENO);
    fn(context);
    _exit(0);
}

/* Returns the child's wait status, -1 when it could not run; `output` gets its standard error. */
static int run(void (*fn)(void *), void *context, char *output, size_t output_bytes)
{
    int fds[2];
    if (pipe(fds) != 0)
        return -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        run_child(fn, context, fds[1]);
    }
    close(fds[1]);

    size_t length = 0;
    char chunk[512];
    ssize_t got;
    while (pid > 0 && (got = read(fds[0], chunk, sizeof chunk)) > 0) {
        size_t room = output_bytes - 1 - length;
        size_t kept = (size_t)got < room ? (size_t)got : room;
        memcpy(output + length, chunk, kept);
        length += kept;
    }
    output[length] = '\0';
    close(fds[0]);

    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return status;
}

bool child_aborts(void (*fn)(void *), void *context, const char *const *texts)
{
    char output[4096];
    int status = run(fn, context, output, sizeof output);
    if (status == -1 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) {
        fprintf(stderr, "no abort: status %#x, standard error: %s\n", (unsigned)status, output);
        return false;
    }
    for (; *texts; texts++) {
        if (!strstr(output, *texts)) {
            fprintf(stderr, "no '%s' in: %s\n", *texts, output);
            return false;
        }
    }
    return true;
}

bool child_succeeds(void (*fn)(void *), void *context)
{
    char output[4096];
    int status = run(fn, context, output, sizeof output);
    if (status == 0)
        return true;
    fprintf(stderr, "child failed: status %#x, standard error: %s\n", (unsigned)status, output);
    return false;
}
