/* Which slot of a type each special method of a proxy fills.
 *
 * Two things are generated from these lists: the slots of LocalProxy, and the
 * methods of the same names that a shaped proxy is put together from. Read by
 * tests/native/test_slots.py, which holds them against special_methods.py.
 * X(slot, name): "__name__" is done by proxy_name().
 */
#ifndef INSCOPE_SLOTS_H
#define INSCOPE_SLOTS_H

#define UNARY_SLOTS(X)                                                         \
    X(tp_repr, repr)                                                           \
    X(tp_str, str)                                                             \
    X(tp_iter, iter)                                                           \
    X(nb_negative, neg)                                                        \
    X(nb_positive, pos)                                                        \
    X(nb_absolute, abs)                                                        \
    X(nb_invert, invert)                                                       \
    X(nb_int, int)                                                             \
    X(nb_float, float)                                                         \
    X(nb_index, index)                                                         \
    X(am_await, await)                                                         \
    X(am_aiter, aiter)                                                         \
    X(am_anext, anext)

/* Also "__rname__", with the operands the other way round. */
#define BINARY_SLOTS(X)                                                        \
    X(nb_add, add)                                                             \
    X(nb_subtract, sub)                                                        \
    X(nb_multiply, mul)                                                        \
    X(nb_matrix_multiply, matmul)                                              \
    X(nb_true_divide, truediv)                                                 \
    X(nb_floor_divide, floordiv)                                               \
    X(nb_remainder, mod)                                                       \
    X(nb_divmod, divmod)                                                       \
    X(nb_lshift, lshift)                                                       \
    X(nb_rshift, rshift)                                                       \
    X(nb_and, and)                                                             \
    X(nb_xor, xor)                                                             \
    X(nb_or, or)

#define INPLACE_SLOTS(X)                                                       \
    X(nb_inplace_add, iadd)                                                    \
    X(nb_inplace_subtract, isub)                                               \
    X(nb_inplace_multiply, imul)                                               \
    X(nb_inplace_matrix_multiply, imatmul)                                     \
    X(nb_inplace_true_divide, itruediv)                                        \
    X(nb_inplace_floor_divide, ifloordiv)                                      \
    X(nb_inplace_remainder, imod)                                              \
    X(nb_inplace_lshift, ilshift)                                              \
    X(nb_inplace_rshift, irshift)                                              \
    X(nb_inplace_and, iand)                                                    \
    X(nb_inplace_xor, ixor)                                                    \
    X(nb_inplace_or, ior)

/* One slot, six methods. X(operation, name) */
#define COMPARISONS(X)                                                         \
    X(Py_LT, lt)                                                               \
    X(Py_LE, le)                                                               \
    X(Py_EQ, eq)                                                               \
    X(Py_NE, ne)                                                               \
    X(Py_GT, gt)                                                               \
    X(Py_GE, ge)

/* Slots with a signature of their own; their methods are in shape.c.
 * X(slot, name) */
#define OTHER_SLOTS(X)                                                         \
    X(tp_hash, hash)                                                           \
    X(nb_bool, bool)                                                           \
    X(tp_iternext, next)                                                       \
    X(nb_power, pow)                                                           \
    X(nb_inplace_power, ipow)                                                  \
    X(mp_length, len)                                                          \
    X(mp_subscript, getitem)                                                   \
    X(sq_contains, contains)

/* No slot: Python looks these up by name. X(name) */
#define NAMED_ALONE(X)                                                         \
    X(bytes)                                                                   \
    X(dir)                                                                     \
    X(length_hint)                                                             \
    X(reversed)                                                                \
    X(complex)                                                                 \
    X(trunc)                                                                   \
    X(floor)                                                                   \
    X(ceil)                                                                    \
    X(enter)                                                                   \
    X(aenter)                                                                  \
    X(sizeof)

#define NAMED_WITH_ONE(X)                                                      \
    X(format)                                                                  \
    X(instancecheck)                                                           \
    X(subclasscheck)

#define NAMED_WITH_SOME(X)                                                     \
    X(round)                                                                   \
    X(exit)                                                                    \
    X(aexit)

#endif
