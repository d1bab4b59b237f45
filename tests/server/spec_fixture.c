#include "tests/server/spec_fixture.h"

#include <string.h>

int spec_set_up(void **state)
{
    static struct spec_fixture f;
    arena_init(&f.arena, 1 << 20);
    strbuf_init(&f.text, 1 << 16);
    *state = &f;
    return 0;
}

int spec_tear_down(void **state)
{
    struct spec_fixture *f = *state;
    arena_release(&f->arena);
    strbuf_release(&f->text);
    return 0;
}

enum err spec_decode(struct spec_fixture *f, enum study_spec_kind kind, const char *json)
{
    return study_spec_decode(json, strlen(json), kind, &f->arena, &f->spec, &f->e);
}

const char *spec_encode(struct spec_fixture *f, enum study_spec_kind kind)
{
    struct json_writer w;
    strbuf_clear(&f->text);
    json_writer_init(&w, &f->text);
    json_begin_object(&w);
    study_spec_encode(&f->spec, kind, &w);
    json_end_object(&w);
    return strbuf_text(&f->text);
}
