/* Files of LEAN's market data: the name on the first line, rows behind it.
 *
 * A name is refused with a reason or gives a symbol that could be stored. Rows are refused with a
 * place, or become bars that the store takes: in order, each in its session, low <= open, close <=
 * high, every row counted once.
 */
#include "tests/fuzz/fuzz.h"

#include "engine/lean/lean_rows.h"

static void check_series(const struct lean_series *s)
{
    int64_t at = 0;
    for (int64_t k = 0; k < s->session_count; k++) {
        const struct bars_session *session = &s->sessions[k];
        FUZZ_REQUIRE(session->first == at && session->end > at, "session %lld", (long long)k);
        at = session->end;
        for (int64_t i = session->first; i < session->end; i++) {
            const double low = s->column[BAR_LOW][i], high = s->column[BAR_HIGH][i];
            FUZZ_REQUIRE(s->time_ns[i] >= session->open_ns && s->time_ns[i] < session->close_ns &&
                             (i == 0 || s->time_ns[i] > s->time_ns[i - 1]),
                         "time of bar %lld", (long long)i);
            FUZZ_REQUIRE(low >= 0 && low <= s->column[BAR_OPEN][i] &&
                             s->column[BAR_OPEN][i] <= high && low <= s->column[BAR_CLOSE][i] &&
                             s->column[BAR_CLOSE][i] <= high && s->column[BAR_VOLUME][i] >= 0,
                         "prices of bar %lld", (long long)i);
        }
    }
    FUZZ_REQUIRE(at == s->count, "%lld bars in no session", (long long)(s->count - at));
}

static void check_counts(const struct lean_rows *r, enum lean_kind kind)
{
    int64_t bars = r->side[0].count + r->side[1].count;
    int64_t sides = kind == LEAN_MINUTE_QUOTES ? 2 : 1;
    if (kind == LEAN_DAYS_OR_HOURS)
        FUZZ_REQUIRE(bars + r->outside <= r->rows, "more bars than rows");
    else
        FUZZ_REQUIRE(bars + r->empty == (r->rows - r->outside) * sides, "a row is lost");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = memchr(data, '\n', size);
    size_t name_length = line ? (size_t)(line - data) : size;
    char *name = fuzz_copy(data, name_length, 0);
    struct lean_name n;
    struct error e = {0};
    enum err err = lean_name_parse(name, name_length, &n, &e);
    if (err) {
        FUZZ_REQUIRE(err == ERR_DATA && e.message[0] != '\0', "code %d", (int)err);
    } else if (line) {
        const struct calendar *calendar = NULL;
        size_t length = size - name_length - 1;
        char *text = fuzz_copy(line + 1, length, 0);
        struct lean_rows rows = {0};
        FUZZ_REQUIRE(strlen(n.symbol) + 4 <= LIMIT_SYMBOL_BYTES, "symbol '%s'", n.symbol);
        FUZZ_REQUIRE(calendar_find("XNYS", &calendar, NULL) == ERR_OK, "calendar");
        err = lean_rows_read(&rows, &n, calendar, text, length, &e);
        if (err)
            FUZZ_REQUIRE(err == ERR_DATA && e.line > 0 && e.message[0] != '\0', "code %d",
                         (int)err);
        for (int i = 0; !err && i < LEAN_SIDE_COUNT; i++)
            check_series(&rows.side[i]);
        if (!err)
            check_counts(&rows, n.kind);
        lean_rows_release(&rows);
        free(text);
    }
    free(name);
    return 0;
}
