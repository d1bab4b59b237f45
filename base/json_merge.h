/* JSON Merge Patch (RFC 7396): members of the patch replace those of the target, objects are merged
 * member by member, null takes a member away.
 *
 * Both must be checked JSON (json_scan). Names are compared as they are written: one with an escape
 * that needs none is another name.
 */
#ifndef BASE_JSON_MERGE_H
#define BASE_JSON_MERGE_H

#include "base/json_slice.h"
#include "base/json_writer.h"

/* Writes the patched target as one value. The arena is for names. false when it is full. */
bool json_merge_patch(struct json_slice target, struct json_slice patch, struct arena *arena,
                      struct json_writer *w);

#endif
