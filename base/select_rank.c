#include "base/select_rank.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 100 };

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Hoare, CACM 4 (1961), algorithm 65; the form with crossing indices is Wirth's. Input that resists
 * is sorted. */
void select_rank(double *values, size_t count, size_t rank)
{
    assert(rank < count);
    int64_t low = 0, high = (int64_t)count - 1, k = (int64_t)rank;
    for (int round = 0; low < high; round++) {
        if (round == ROUNDS_MAX) {
            qsort(values + low, (size_t)(high - low + 1), sizeof *values, compare_doubles);
            return;
        }
        double pivot = values[k];
        int64_t i = low, j = high;
        do {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i <= j) {
                double swap = values[i];
                values[i++] = values[j];
                values[j--] = swap;
            }
        } while (i <= j);
        if (j < k)
            low = i;
        if (k < i)
            high = j;
    }
}

double select_rank_before(const double *values, size_t rank)
{
    double greatest = values[0];
    for (size_t i = 1; i < rank; i++)
        greatest = values[i] > greatest ? values[i] : greatest;
    return greatest;
}
