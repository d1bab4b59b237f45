/* Lookups are binary searches in a table that never changes (tzif.h). Instants past the table are
 * moved back by whole 400-year cycles first.
 *
 * The only shared state is the list of loaded zones. A file is read outside its lock; when two
 * threads load the same zone, the second to finish takes the first one's and frees its own.
 */
#include "base/zone.h"

#include "base/mutex.h"
#include "base/text.h"
#include "base/tzif.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZONE_FOLDER "/usr/share/zoneinfo"
#define ZONE_INDEX ZONE_FOLDER "/tzdata.zi"

enum {
    NAME_MAX_BYTES = 48,
    FILE_MAX_BYTES = 64 * 1024, /* the largest has 4 KiB */
    INDEX_MAX_BYTES = 1024 * 1024,
    INDEX_MAX_NAMES = 2000,
    BUCKETS = 256,
};

struct zone {
    struct tzif table;
    struct zone *next; /* in its bucket */
    char name[NAME_MAX_BYTES + 1];
};

static int64_t utc_starts[] = {INT64_MIN};
static int32_t utc_offsets_s[] = {0};
static const struct zone utc = {
    .table = {.count = 1,
              .starts = utc_starts,
              .offsets_s = utc_offsets_s,
              .repeats_from_s = INT64_MAX},
    .name = "UTC",
};

/* ---- lookups: no locks, nothing written ---- */

const struct zone *zone_utc(void)
{
    return &utc;
}

const char *zone_name(const struct zone *z)
{
    return z->name;
}

/* The seconds by which an instant must move back to lie within the table: whole cycles. Unsigned,
 * because the distance between two instants may be more than int64 holds. */
static uint64_t cycles_past_table(const struct tzif *t, int64_t at_s)
{
    if (t->repeats_from_s == INT64_MAX || at_s < t->repeats_from_s + TZIF_CYCLE_S)
        return 0;
    uint64_t past_s = (uint64_t)at_s - (uint64_t)t->repeats_from_s;
    return past_s - past_s % (uint64_t)TZIF_CYCLE_S;
}

static int64_t move_back(int64_t at_s, uint64_t by_s)
{
    return (int64_t)((uint64_t)at_s - by_s);
}

/* The span that an instant within the table lies in. */
static size_t find_span(const struct tzif *t, int64_t at_s)
{
    size_t first = 0;
    size_t count = t->count;
    while (count > 1) {
        size_t half = count / 2;
        first += t->starts[first + half] <= at_s ? half : 0;
        count -= half;
    }
    return first;
}

int32_t zone_offset_at(const struct zone *z, int64_t utc_s)
{
    const struct tzif *t = &z->table;
    return t->offsets_s[find_span(t, move_back(utc_s, cycles_past_table(t, utc_s)))];
}

int64_t zone_next_change(const struct zone *z, int64_t utc_s)
{
    const struct tzif *t = &z->table;
    uint64_t moved_s = cycles_past_table(t, utc_s);
    size_t next = find_span(t, move_back(utc_s, moved_s)) + 1;
    int64_t change_s;
    if (next == t->count || __builtin_add_overflow(t->starts[next], moved_s, &change_s))
        return INT64_MAX;
    return change_s;
}

/* Whether the wall clock shows local_s within span i, and if so whether it has passed it before the
 * span begins or only after it ends. */
static int compare_reading(const struct tzif *t, size_t i, int64_t local_s)
{
    if (i > 0 && local_s - t->offsets_s[i] < t->starts[i])
        return -1;
    if (i + 1 < t->count && local_s - t->offsets_s[i] >= t->starts[i + 1])
        return 1;
    return 0;
}

int64_t zone_local_to_utc(const struct zone *z, int64_t local_s, enum zone_local_kind *ret_kind)
{
    const struct tzif *t = &z->table;
    assert(local_s > INT64_MIN + 2 * TZIF_OFFSET_MAX_S &&
           local_s < INT64_MAX - 2 * TZIF_OFFSET_MAX_S);
    uint64_t moved_s = cycles_past_table(t, local_s);
    local_s = move_back(local_s, moved_s);
    /* No other span can show this reading. */
    size_t i = find_span(t, local_s - TZIF_OFFSET_MAX_S);
    size_t last = find_span(t, local_s + TZIF_OFFSET_MAX_S);

    size_t before = i; /* the last span whose readings are all earlier */
    for (; i <= last; i++) {
        int side = compare_reading(t, i, local_s);
        if (side > 0)
            before = i;
        if (side == 0)
            break;
    }
    enum zone_local_kind kind = ZONE_LOCAL_UNIQUE;
    if (i > last) {
        kind = ZONE_LOCAL_SKIPPED;
        i = before;
    }
    for (size_t later = i + 1; later <= last && kind == ZONE_LOCAL_UNIQUE; later++)
        if (compare_reading(t, later, local_s) == 0)
            kind = ZONE_LOCAL_AMBIGUOUS;
    if (ret_kind)
        *ret_kind = kind;
    return move_back(local_s - t->offsets_s[i], 0 - moved_s);
}

/* ---- loaded zones ---- */

static struct mutex loaded_mutex;
static struct zone *loaded[BUCKETS] GUARDED_BY_GLOBAL(loaded_mutex);
static pthread_once_t loaded_once = PTHREAD_ONCE_INIT;

static void init_loaded(void)
{
    mutex_init(&loaded_mutex, MUTEX_ZONES);
}

static struct zone **bucket_of(const char *name) REQUIRES(loaded_mutex)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return &loaded[hash % BUCKETS];
}

static struct zone *find_loaded(const char *name) REQUIRES(loaded_mutex)
{
    struct zone *z = *bucket_of(name);
    while (z && strcmp(z->name, name) != 0)
        z = z->next;
    return z;
}

/* ---- files ---- */

/* The whole file, NUL-terminated; the caller frees it. ERR_NOT_FOUND when there is none. */
static enum err read_file(const char *path, size_t max_bytes, char **ret_bytes, size_t *ret_size,
                          struct error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? error_set(e, ERR_NOT_FOUND, "no file '%s'", path)
                   : error_errno(e, ERR_IO, "cannot open '%s'", path);
    enum err err = ERR_OK;
    size_t size = 0;
    char *bytes = malloc(max_bytes + 1);
    if (!bytes)
        err = error_set(e, ERR_NO_MEMORY, "out of memory");
    while (!err && size < max_bytes) {
        ssize_t count = read(fd, bytes + size, max_bytes - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            err = errno == EISDIR ? error_set(e, ERR_NOT_FOUND, "'%s' is a folder", path)
                                  : error_errno(e, ERR_IO, "cannot read '%s'", path);
        if (count <= 0)
            break;
        size += (size_t)count;
    }
    close(fd);
    if (!err && size == max_bytes)
        err = error_set(e, ERR_DATA, "'%s' is too large", path);
    if (err) {
        free(bytes);
        return err;
    }
    bytes[size] = '\0';
    *ret_bytes = bytes;
    *ret_size = size;
    return ERR_OK;
}

/* Zone names begin with a capital letter, which the other files in the folder do not; what else may
 * be in one keeps a path within the folder, and gives each file one name. */
static bool name_is_possible(const char *name)
{
    size_t length = strnlen(name, NAME_MAX_BYTES + 1);
    if (length > NAME_MAX_BYTES || *name < 'A' || *name > 'Z' || name[length - 1] == '/' ||
        strstr(name, "//"))
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
           length;
}

/* The names of the index "Z name rule..." and "L target name" lines, as pointers into text. */
static size_t collect_names(char *text, const char **names)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line && count < INDEX_MAX_NAMES;
         line = strtok_r(NULL, "\n", &rest)) {
        char *words = NULL;
        char *kind = strtok_r(line, " ", &words);
        char *name = strtok_r(NULL, " ", &words);
        if (kind && name && strcmp(kind, "L") == 0)
            name = strtok_r(NULL, " ", &words);
        else if (!kind || strcmp(kind, "Z") != 0)
            name = NULL;
        if (name)
            names[count++] = name;
    }
    return count;
}

/* "new-york" is nothing like "America/New_York" as a whole, but is like its last part. */
static const char *nearest_by_last_part(const char *name, const char *const *names, size_t count)
{
    const char **parts = malloc(count * sizeof *parts);
    if (!parts)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *slash = strrchr(names[i], '/');
        parts[i] = slash ? slash + 1 : names[i];
    }
    const char *part = text_nearest(name, strlen(name), parts, count);
    const char *nearest = NULL;
    for (size_t i = 0; i < count && part && !nearest; i++)
        nearest = parts[i] == part ? names[i] : NULL;
    free(parts);
    return nearest;
}

static enum err refuse_name(const char *name, struct error *e)
{
    size_t length = strnlen(name, NAME_MAX_BYTES + 1);
    char *text = NULL;
    size_t size = 0;
    const char *nearest = NULL;
    const char **names = malloc(INDEX_MAX_NAMES * sizeof *names);
    if (names && length > 0 && length <= NAME_MAX_BYTES &&
        read_file(ZONE_INDEX, INDEX_MAX_BYTES, &text, &size, NULL) == ERR_OK) {
        size_t count = collect_names(text, names);
        nearest = text_nearest(name, length, names, count);
        if (!nearest && count > 0)
            nearest = nearest_by_last_part(name, names, count);
    }
    int shown = length > NAME_MAX_BYTES ? NAME_MAX_BYTES : (int)length;
    enum err err =
        error_set(e, ERR_INVALID, "unknown time zone '%.*s'%s%s%s", shown, name,
                  nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    free(text);
    free(names);
    return err;
}

static void free_zone(struct zone *z)
{
    if (!z)
        return;
    tzif_release(&z->table);
    free(z);
}

static enum err load(const char *name, struct zone **ret_zone, struct error *e)
{
    char path[sizeof ZONE_FOLDER + 1 + NAME_MAX_BYTES];
    snprintf(path, sizeof path, "%s/%s", ZONE_FOLDER, name);
    char *bytes = NULL;
    size_t size = 0;
    enum err err = read_file(path, FILE_MAX_BYTES, &bytes, &size, e);
    if (err == ERR_NOT_FOUND && access(ZONE_FOLDER, X_OK) != 0)
        return error_errno(e, ERR_UNAVAILABLE, "no time zones on this machine: '%s'", ZONE_FOLDER);
    if (err == ERR_NOT_FOUND)
        return refuse_name(name, e);
    if (err)
        return err;
    struct error why = {0};
    struct zone *z = calloc(1, sizeof *z);
    if (!z)
        err = error_set(e, ERR_NO_MEMORY, "out of memory");
    else if ((err = tzif_parse(bytes, size, &z->table, &why)))
        err = error_set(e, err == ERR_DATA ? ERR_INVALID : err, "cannot use time zone '%s': %s",
                        name, why.message);
    free(bytes);
    if (err) {
        free_zone(z);
        return err;
    }
    memcpy(z->name, name, strlen(name) + 1);
    *ret_zone = z;
    return ERR_OK;
}

enum err zone_find(const char *name, const struct zone **ret_zone, struct error *e)
{
    may_block("zone_find"); /* on a file, when the zone is new */
    if (strcmp(name, utc.name) == 0) {
        *ret_zone = &utc;
        return ERR_OK;
    }
    if (!name_is_possible(name))
        return refuse_name(name, e);
    pthread_once(&loaded_once, init_loaded);
    mutex_lock(&loaded_mutex);
    struct zone *known = find_loaded(name);
    mutex_unlock(&loaded_mutex);
    if (!known) {
        struct zone *mine = NULL;
        enum err err = load(name, &mine, e);
        if (err)
            return err;
        mutex_lock(&loaded_mutex);
        known = find_loaded(name);
        if (!known) {
            struct zone **bucket = bucket_of(name);
            mine->next = *bucket;
            *bucket = mine;
            known = mine;
            mine = NULL;
        }
        mutex_unlock(&loaded_mutex);
        free_zone(mine);
    }
    *ret_zone = known;
    return ERR_OK;
}
