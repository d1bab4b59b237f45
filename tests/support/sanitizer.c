/* Tests ask for impossible sizes to see them refused: a sanitizer's allocator must refuse as libc's
 * does, with NULL, instead of ending the test. */

const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}
