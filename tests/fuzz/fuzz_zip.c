/* Zip archives: any bytes.
 *
 * No read leads outside (the address sanitizer sees it); what comes out has the size and the check
 * sum that the directory says; what is refused is ERR_DATA with a message.
 */
#include "tests/fuzz/fuzz.h"

#include "base/zip.h"

enum { LARGEST = 1 << 20 };

static void check_refusal(enum err err, const struct error *e)
{
    FUZZ_REQUIRE(err == ERR_DATA && e->code == err && e->message[0] != '\0', "code %d", (int)err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size, 0);
    struct zip z;
    struct error e = {0};
    enum err err = zip_open(&z, bytes, size, &e);
    size_t cursor = err ? 0 : z.directory_at, total = 0;
    for (uint32_t i = 0; !err && i < z.file_count && total < LARGEST; i++) {
        struct zip_file file;
        err = zip_next(&z, &cursor, &file, &e);
        if (err || file.size_bytes > LARGEST)
            break;
        char *out = fuzz_copy(NULL, 0, file.size_bytes);
        total += file.size_bytes + 1;
        err = zip_read(&file, out, &e);
        free(out);
    }
    if (err)
        check_refusal(err, &e);
    free(bytes);
    return 0;
}
