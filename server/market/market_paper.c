#include "orders/paper/paper_broker.h"
#include "server/market/market_feed.h"

static enum err tell_paper(void *context, const struct market_quote *quotes, size_t count,
                           struct error *e)
{
    return paper_broker_quotes(context, quotes, count, e);
}

struct market_broker market_broker_paper(struct broker *paper)
{
    return (struct market_broker){.context = paper, .quotes = tell_paper};
}
