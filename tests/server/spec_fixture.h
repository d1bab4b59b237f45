/* A study's request, decoded and encoded, with what that needs. */
#ifndef TESTS_SERVER_SPEC_FIXTURE_H
#define TESTS_SERVER_SPEC_FIXTURE_H

#include "server/jobs/study_spec.h"

struct spec_fixture {
    struct arena arena;
    struct study_spec spec;
    struct strbuf text;
    struct error e;
};

/* Around a cmocka test: *state is a fixture. */
int spec_set_up(void **state);
int spec_tear_down(void **state);

enum err spec_decode(struct spec_fixture *f, enum study_spec_kind kind, const char *json);
/* Good until the next use of `text`. */
const char *spec_encode(struct spec_fixture *f, enum study_spec_kind kind);

#endif
