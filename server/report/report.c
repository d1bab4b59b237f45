#include "server/report/report.h"

#include "base/digest.h"
#include "server/report/html.h"
#include "server/report/sections.h"

#include <stdio.h>
#include <string.h>

/* server/assets.S */
extern const char asset_report_css[];
extern const uint64_t asset_report_css_size_bytes;

enum { SHA256_BASE64 = 45 };

void report_content_policy(char out[REPORT_POLICY_MAX])
{
    unsigned char hash[SHA256_BYTES];
    char text[SHA256_BASE64];
    sha256_of(asset_report_css, (size_t)asset_report_css_size_bytes, hash);
    base64_format(hash, sizeof(hash), text);
    snprintf(out, REPORT_POLICY_MAX,
             "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'",
             text);
}

/* A rule that is longer is no title: the symbols are. */
enum { TITLE_BYTES_MAX = 160, SYMBOLS_NAMED = 6 };

static void write_symbols(const struct page *p)
{
    size_t count = p->in->symbol_count;
    for (size_t i = 0; i < count && i < SYMBOLS_NAMED; i++)
        html_format(p->out, "%s%s", i ? ", " : "", p->in->symbols[i].name);
    if (count > SYMBOLS_NAMED)
        html_format(p->out, " and %zu more", count - SYMBOLS_NAMED);
}

static bool has_name(const struct report_input *in)
{
    return in->name && in->name[0];
}

static bool rule_is_title(const struct report_input *in)
{
    return !has_name(in) && strlen(in->rule) <= TITLE_BYTES_MAX;
}

static void write_title_text(const struct page *p)
{
    if (has_name(p->in))
        html_text(p->out, p->in->name);
    else if (rule_is_title(p->in))
        html_text(p->out, p->in->rule);
    else
        write_symbols(p);
}

static void write_head(const struct page *p)
{
    char policy[REPORT_POLICY_MAX];
    report_content_policy(policy);
    html_format(
        p->out,
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
        "<meta charset=\"utf-8\"/>\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
        "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
        "<title>",
        policy);
    write_title_text(p);
    strbuf_add_string(p->out, " \xe2\x80\x93 backtest</title>\n<style>");
    strbuf_add(p->out, asset_report_css, (size_t)asset_report_css_size_bytes);
    strbuf_add_string(p->out, "</style>\n</head>\n<body>\n");
}

static void write_title(const struct page *p)
{
    const struct report_input *in = p->in;
    strbuf_add_string(p->out, "<header>\n<p class=\"eyebrow\">Backtest report</p>\n");
    strbuf_add_string(p->out, rule_is_title(in) ? "<h1 class=\"rule\">" : "<h1>");
    write_title_text(p);
    strbuf_add_string(p->out, "</h1>\n");
    if (!rule_is_title(in))
        html_format(p->out, "<pre class=\"rule\">%s</pre>\n", in->rule);
    strbuf_add_string(p->out, "<p class=\"facts\"><strong>");
    write_symbols(p);
    html_format(p->out, "</strong><span>%s bars</span><span>%s</span><span>%s</span></p>\n",
                in->timeframe, in->range, zone_name(in->zone));
    if (in->notes && in->notes[0])
        html_format(p->out, "<p class=\"notes\">%s</p>\n", in->notes);
    strbuf_add_string(p->out, "</header>\n");
}

static void write_page(const struct page *p)
{
    static void (*const sections[])(const struct page *) = {
        section_summary, section_account, section_metrics, section_forward, section_times,
        section_trades,  section_symbols, section_request, section_reading,
    };
    write_head(p);
    strbuf_add_string(p->out, "<main>\n");
    write_title(p);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        sections[i](p);
    strbuf_add_string(p->out, "</main>\n</body>\n</html>\n");
}

enum err report_write(const struct report_input *in, struct strbuf *out, struct error *e)
{
    struct page page = {.out = out, .in = in};
    const struct report_account *a = in->account;
    enum err err =
        a ? timeline_init(&page.timeline, a->points, a->point_count, in->zone, e) : ERR_OK;
    if (err)
        return err;
    write_page(&page);
    timeline_release(&page.timeline);
    if (strbuf_failed(out))
        return error_set(e, ERR_TOO_LARGE, "the report is larger than %zu bytes", out->max_bytes);
    return ERR_OK;
}
