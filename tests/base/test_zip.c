#include "base/zip.h"

#include "tests/base/make_zip.h"

static void files_come_out_as_they_went_in(void **state)
{
    (void)state;
    char *large = malloc(200000);
    assert_non_null(large);
    for (int i = 0; i < 200000; i++)
        large[i] = (char)('a' + i % 23 * (i % 7) % 19);
    const struct {
        const char *name, *text;
        size_t length;
        bool deflate_it;
    } files[] = {{"a.csv", "1,2,3\n", 6, true},
                 {"folder/b", "", 0, false},
                 {"c", "", 0, true},
                 {"d.csv", large, 200000, true},
                 {"e e", large, 5000, false}};
    enum { COUNT = sizeof files / sizeof files[0] };
    struct made_zip made;
    made_zip_init(&made);
    for (size_t i = 0; i < COUNT; i++)
        made_zip_add(&made, files[i].name, files[i].text, files[i].length, files[i].deflate_it);
    made_zip_end(&made);

    struct zip z;
    assert_true(zip_is_one(made.bytes.data, made.bytes.length));
    assert_int_equal(zip_open(&z, made.bytes.data, made.bytes.length, NULL), ERR_OK);
    assert_int_equal(z.file_count, COUNT);
    size_t cursor = z.directory_at;
    for (size_t i = 0; i < COUNT; i++) {
        struct zip_file file;
        assert_int_equal(zip_next(&z, &cursor, &file, NULL), ERR_OK);
        assert_int_equal(file.name_length, strlen(files[i].name));
        assert_memory_equal(file.name, files[i].name, file.name_length);
        assert_int_equal(file.size_bytes, files[i].length);
        char *out = malloc(file.size_bytes + 1);
        assert_non_null(out);
        assert_int_equal(zip_read(&file, out, NULL), ERR_OK);
        if (file.size_bytes > 0)
            assert_memory_equal(out, files[i].text, file.size_bytes);
        free(out);
    }
    made_zip_release(&made);
    free(large);
}

static char last_out[4096]; /* the last file that read_all took */

/* Reads all there is; the first error. */
static enum err read_all(const void *bytes, size_t length, struct error *e)
{
    struct zip z;
    enum err err = zip_open(&z, bytes, length, e);
    size_t cursor = err ? 0 : z.directory_at;
    for (uint32_t i = 0; !err && i < z.file_count; i++) {
        struct zip_file file;
        err = zip_next(&z, &cursor, &file, e);
        if (!err && file.size_bytes <= sizeof last_out)
            err = zip_read(&file, last_out, e);
    }
    return err;
}

static struct made_zip two_files(void)
{
    struct made_zip made;
    made_zip_init(&made);
    made_zip_add_text(&made, "a.csv", "34200000,1,2,3\n34260000,1,2,3\n");
    made_zip_add(&made, "b.csv", "xyz", 3, false);
    made_zip_end(&made);
    return made;
}

static void an_archive_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct made_zip made = two_files();
    for (size_t length = 0; length < made.bytes.length; length++) {
        char *cut = malloc(length + 1);
        assert_non_null(cut);
        memcpy(cut, made.bytes.data, length);
        struct error e = {0};
        assert_int_equal(read_all(cut, length, &e), ERR_DATA);
        assert_int_not_equal(e.message[0], '\0');
        free(cut);
    }
    made_zip_release(&made);
}

static void no_changed_byte_leads_outside_or_changes_a_file_unseen(void **state)
{
    (void)state;
    static const char text[] = "34200000,1,2,3\n34260000,1,2,3\n";
    struct made_zip made;
    made_zip_init(&made);
    made_zip_add_text(&made, "a.csv", text);
    made_zip_end(&made);
    const size_t data_at = 30 + 5; /* behind the file's header and name */
    const size_t data_end = made.bytes.length - made.directory.length - 22;
    for (size_t i = 0; i < made.bytes.length; i++)
        for (int bit = 0; bit < 8; bit++) {
            made.bytes.data[i] = (char)(made.bytes.data[i] ^ 1 << bit);
            enum err err = read_all(made.bytes.data, made.bytes.length, NULL);
            assert_true(err == ERR_OK || err == ERR_DATA);
            if (err == ERR_OK && i >= data_at && i < data_end)
                assert_memory_equal(last_out, text, sizeof text - 1);
            made.bytes.data[i] = (char)(made.bytes.data[i] ^ 1 << bit);
        }
    made_zip_release(&made);
}

static void a_comment_at_the_end_is_passed_over(void **state)
{
    (void)state;
    struct made_zip made = two_files();
    made.bytes.data[made.bytes.length - 2] = 5;
    strbuf_add(&made.bytes, "hello", 5);
    assert_int_equal(read_all(made.bytes.data, made.bytes.length, NULL), ERR_OK);
    made_zip_release(&made);
}

static void an_empty_archive_has_no_files(void **state)
{
    (void)state;
    struct made_zip made;
    struct zip z;
    made_zip_init(&made);
    made_zip_end(&made);
    assert_true(zip_is_one(made.bytes.data, made.bytes.length));
    assert_int_equal(zip_open(&z, made.bytes.data, made.bytes.length, NULL), ERR_OK);
    assert_int_equal(z.file_count, 0);
    made_zip_release(&made);
}

/* The place of the second byte of a field of the first directory entry. */
static char *entry_field(struct made_zip *made, size_t offset)
{
    return made->bytes.data + made->bytes.length - made->directory.length - 22 + offset;
}

/* As some programs write small files too: sizes of all ones, and the true ones in an extra field.
 */
static void sizes_in_the_wide_field_are_read(void **state)
{
    (void)state;
    struct made_zip made;
    made_zip_init(&made);
    made_zip_add(&made, "a", "xyz", 3, false);
    char *sizes = made.directory.data + 20;
    memset(sizes, 0xff, 8);
    made.directory.data[30] = 24; /* bytes of extra fields */
    strbuf_add(&made.directory, "\x99\x99\0\0", 4);
    put16(&made.directory, 1);
    put16(&made.directory, 16);
    for (int i = 0; i < 2; i++) {
        put32(&made.directory, 3);
        put32(&made.directory, 0);
    }
    made_zip_end(&made);
    struct zip z;
    struct zip_file file;
    char out[3];
    assert_int_equal(zip_open(&z, made.bytes.data, made.bytes.length, NULL), ERR_OK);
    size_t cursor = z.directory_at;
    assert_int_equal(zip_next(&z, &cursor, &file, NULL), ERR_OK);
    assert_int_equal(file.size_bytes, 3);
    assert_int_equal(zip_read(&file, out, NULL), ERR_OK);
    assert_memory_equal(out, "xyz", 3);
    made.bytes.data[made.bytes.length - 22 - 18] = 8; /* the field holds one of two sizes */
    cursor = z.directory_at;
    assert_int_equal(zip_next(&z, &cursor, &file, NULL), ERR_DATA);
    made_zip_release(&made);
}

static void what_is_not_read_is_named(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        char value;
        const char *message;
    } rows[] = {
        {8, 1, "a.csv is encrypted"},
        {10, 12, "a.csv is packed by a method that is not read (12)"},
        {46, '\n', "a name that is no plain text"},
        {45, 127, "a.csv is not where"},
        {24, 29, "a.csv: the compressed data is damaged"}, /* one byte fewer than there are */
        {16, 1, "a.csv: the compressed data is damaged"},  /* the check sum */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made_zip made = two_files();
        struct error e = {0};
        *entry_field(&made, rows[i].offset) = rows[i].value;
        assert_int_equal(read_all(made.bytes.data, made.bytes.length, &e), ERR_DATA);
        if (!strstr(e.message, rows[i].message))
            fail_msg("%s", e.message);
        made_zip_release(&made);
    }
}

static void a_file_is_never_inflated_beyond_its_declared_size(void **state)
{
    (void)state;
    enum { ZEROS = 1 << 20 };
    char *zeros = calloc(1, ZEROS), out[64];
    assert_non_null(zeros);
    struct made_zip made;
    made_zip_init(&made);
    made_zip_add(&made, "bomb", zeros, ZEROS, true);
    made_zip_end(&made);
    memcpy(entry_field(&made, 24), "\x10\0\0", 4); /* sixteen bytes, it says */
    struct zip z;
    struct zip_file file;
    assert_int_equal(zip_open(&z, made.bytes.data, made.bytes.length, NULL), ERR_OK);
    size_t cursor = z.directory_at;
    assert_int_equal(zip_next(&z, &cursor, &file, NULL), ERR_OK);
    assert_int_equal(file.size_bytes, 16);
    memset(out, 'x', sizeof out);
    assert_int_equal(zip_read(&file, out, NULL), ERR_DATA);
    assert_int_equal(out[16], 'x');
    made_zip_release(&made);
    free(zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_out_as_they_went_in),
        cmocka_unit_test(an_archive_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(no_changed_byte_leads_outside_or_changes_a_file_unseen),
        cmocka_unit_test(a_comment_at_the_end_is_passed_over),
        cmocka_unit_test(an_empty_archive_has_no_files),
        cmocka_unit_test(sizes_in_the_wide_field_are_read),
        cmocka_unit_test(what_is_not_read_is_named),
        cmocka_unit_test(a_file_is_never_inflated_beyond_its_declared_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
