/* Names and notes: they may be given to a job in any state, and never change what it computes. */
#include "server/jobs/job_service_state.h"

#include <stdlib.h>
#include <string.h>

struct labeling {
    const struct uuid *id;
    const struct job_label *label;
    struct arena arena;
    struct job_row stored; /* as it is then */
};

static enum err label_work(struct db_write *w, void *context, struct error *e)
{
    struct labeling *l = context;
    enum err err = job_repo_label(w, l->id, l->label, e);
    return err ? err : job_repo_find_summary(&w->read, l->id, &l->arena, &l->stored, e);
}

static bool copy_text(const char *text, char **ret)
{
    *ret = text ? strdup(text) : NULL;
    return !text || *ret;
}

/* Under the mutex: the job in memory becomes what is stored. Takes the texts over when it needs
 * them. */
static void show(struct job_service *s, const struct job_row *stored, char **name, char **notes)
{
    struct job *job = job_table_find(&s->table, &stored->id);
    if (job && job->final_body) {
        job_table_forget(&s->table, job); /* the next look renders it anew */
    } else if (job && stored->rev > job->label_rev) {
        char *old_name = (char *)job->row.name, *old_notes = (char *)job->row.notes;
        job->row.name = *name;
        job->row.notes = *notes;
        job->row.rev++;
        job->label_rev = stored->rev;
        *name = old_name;
        *notes = old_notes;
    }
}

enum err job_service_label(struct job_service *s, const struct uuid *id,
                           const struct job_label *label, struct job_view *ret, struct error *e)
{
    struct labeling l = {.id = id, .label = label};
    char *name = NULL, *notes = NULL;
    arena_init(&l.arena, 4 * LIMIT_BODY_BYTES);
    enum err err = writer_call(s->storage->writer, label_work, &l, e);
    if (!err) {
        bool copied = copy_text(l.stored.name, &name) && copy_text(l.stored.notes, &notes);
        mutex_lock(&s->mutex);
        s->labelings++;
        if (copied)
            show(s, &l.stored, &name, &notes);
        mutex_unlock(&s->mutex);
        if (!copied)
            err = error_set(e, ERR_NO_MEMORY, "out of memory for the name of a job");
    }
    free(name);
    free(notes);
    arena_release(&l.arena);
    return err ? err : job_service_get(s, id, ret, e);
}
