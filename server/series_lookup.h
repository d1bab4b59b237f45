/* Finding a stored series by the symbol a user gave. */
#ifndef SERVER_SERIES_LOOKUP_H
#define SERVER_SERIES_LOOKUP_H

#include "db/storage.h"

/* The series that bars of this timeframe come from: the stored one of the timeframe, else the 1m
 * series that it is resampled from. ERR_INVALID for what is no symbol; ERR_NOT_FOUND with the
 * nearest symbol that has bars. `pointer` is the field that named it, "" for the path. */
enum err series_lookup(struct storage *storage, const char *symbol, struct timeframe timeframe,
                       const char *pointer, struct series_row *ret, struct error *e);
/* The same, of exactly this stored timeframe. */
enum err series_lookup_stored(struct storage *storage, const char *symbol,
                              struct timeframe timeframe, const char *pointer,
                              struct series_row *ret, struct error *e);

#endif
