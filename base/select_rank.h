/* The k-th least of many values without sorting them all. */
#ifndef BASE_SELECT_RANK_H
#define BASE_SELECT_RANK_H

#include <stddef.h>

/* Reorders values[0..count) so that values[rank] is what sorting would bring there, no more stands
 * before it and no less behind it. rank < count; no NaN. */
void select_rank(double *values, size_t count, size_t rank);

/* The greatest of values[0..rank), once that was done: with an even count the other middle one. */
double select_rank_before(const double *values, size_t rank);

#endif
