#include "server/report/thin.h"

#include "server/report/html.h"

#include <math.h>

static void put(struct thin *t, struct thin_point p)
{
    html_format(t->out, t->written ? "L%g %g" : "M%g %g", p.x, p.y);
    t->written++;
}

static bool same(struct thin_point a, struct thin_point b)
{
    return a.x == b.x && a.y == b.y;
}

static void put_column(struct thin *t)
{
    struct thin_point first = t->low.x <= t->high.x ? t->low : t->high;
    struct thin_point second = t->low.x <= t->high.x ? t->high : t->low;
    put(t, first);
    if (!same(first, second))
        put(t, second);
}

static void hold(struct thin *t, struct thin_point p)
{
    t->column = (int64_t)floor(p.x);
    t->low = t->high = p;
}

void thin_begin(struct thin *t, struct strbuf *out)
{
    *t = (struct thin){.out = out};
}

void thin_add(struct thin *t, double x, double y)
{
    struct thin_point p = {x, y};
    if (!t->any) {
        put(t, p);
        hold(t, p);
    } else if ((int64_t)floor(x) != t->column) {
        put_column(t);
        hold(t, p);
    } else if (y < t->low.y) {
        t->low = p;
    } else if (y > t->high.y) {
        t->high = p;
    }
    t->any = true;
    t->last = p;
}

void thin_end(struct thin *t)
{
    if (!t->any)
        return;
    put_column(t);
    if (!same(t->last, t->low) && !same(t->last, t->high))
        put(t, t->last);
}
