/* The route tables against openapi.yaml, in both directions. The file is read by a scanner of its
 * own that knows only its layout: paths are keys indented by two, methods by four, operationId by
 * six. */
#include "tests/support/test.h"

#include "server/api/api.h"

#include <stdlib.h>
#include <string.h>

enum { OPERATIONS_MAX = 200 };

struct operation {
    char path[128], method[16], id[64];
    bool routed;
};

static struct operation operations[OPERATIONS_MAX];
static size_t operation_count;

/* The key of a line "<indent>key:", when it is indented by exactly `indent` spaces and nothing
 * follows. A key may have colons of its own. */
static bool read_key(const char *line, size_t indent, char *out, size_t size_bytes)
{
    size_t spaces = strspn(line, " "), length = strcspn(line + spaces, "\n");
    if (spaces != indent || length == 0 || line[spaces + --length] != ':' || length >= size_bytes)
        return false;
    memcpy(out, line + spaces, length);
    out[length] = '\0';
    return true;
}

static bool is_method(const char *key)
{
    static const char *const methods[] = {"get", "post", "put", "patch", "delete"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i], key) == 0)
            return true;
    return false;
}

static void read_line(const char *line, bool *in_paths, char path[128])
{
    char key[128];
    if (line[0] != ' ' && line[0] != '\n')
        *in_paths = strncmp(line, "paths:", 6) == 0;
    if (!*in_paths)
        return;
    if (read_key(line, 2, key, sizeof key))
        memcpy(path, key, sizeof key);
    if (read_key(line, 4, key, 16) && is_method(key)) {
        assert_true(operation_count < OPERATIONS_MAX);
        struct operation *o = &operations[operation_count++];
        snprintf(o->path, sizeof o->path, "%s", path);
        snprintf(o->method, sizeof o->method, "%.15s", key);
    }
    if (strncmp(line, "      operationId: ", 19) == 0) {
        struct operation *o = &operations[operation_count - 1];
        snprintf(o->id, sizeof o->id, "%.*s", (int)strcspn(line + 19, " \n"), line + 19);
    }
}

static int read_document(void **state)
{
    (void)state;
    char line[4096], path[128] = "";
    bool in_paths = false;
    FILE *file = fopen("openapi.yaml", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        read_line(line, &in_paths, path);
    fclose(file);
    return 0;
}

static struct operation *find_operation(const struct http_route *route)
{
    for (size_t i = 0; i < operation_count; i++)
        if (strcmp(operations[i].path, route->pattern) == 0 &&
            strcasecmp(operations[i].method, http_method_name(route->method)) == 0)
            return &operations[i];
    return NULL;
}

static void look_up(const struct http_route *route, void *context)
{
    int *missing = context;
    struct operation *o = find_operation(route);
    if (!o) {
        print_error("%s %s is not in openapi.yaml\n", http_method_name(route->method),
                    route->pattern);
        ++*missing;
        return;
    }
    assert_string_equal(o->id, route->operation_id);
    assert_false(o->routed);
    o->routed = true;
}

static void routes_and_document_name_the_same_operations(void **state)
{
    (void)state;
    struct http_route_table tables[API_TABLE_COUNT];
    int missing = 0;
    api_tables(tables);
    assert_true(operation_count > 10);
    http_routes_each(tables, API_TABLE_COUNT, look_up, &missing);
    for (size_t i = 0; i < operation_count; i++) {
        if (operations[i].routed)
            continue;
        print_error("%s %s (%s) has no route\n", operations[i].method, operations[i].path,
                    operations[i].id);
        missing++;
    }
    assert_int_equal(missing, 0);
}

static void every_operation_has_an_id_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < operation_count; i++) {
        assert_string_not_equal(operations[i].id, "");
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(operations[i].id, operations[k].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_and_document_name_the_same_operations),
        cmocka_unit_test(every_operation_has_an_id_of_its_own),
    };
    return cmocka_run_group_tests(tests, read_document, NULL);
}
