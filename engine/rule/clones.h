/* Compiles a hot loop several times and picks by the machine at load time. Results are the same
 * bits in every clone: contraction is off and no loop's order of rounding depends on the vector
 * width.
 *
 * Off under sanitizers (their runtime is not up when the choice is made) and where it does not
 * exist.
 */
#ifndef ENGINE_RULE_CLONES_H
#define ENGINE_RULE_CLONES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(VARIANT_SANITIZED)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

#endif
