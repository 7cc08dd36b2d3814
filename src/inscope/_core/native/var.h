/* The hot part of a Var: read, set, reset; and the token of a set. */
#ifndef INSCOPE_VAR_H
#define INSCOPE_VAR_H

#include "cell.h"

typedef struct {
    PyObject_HEAD
    PyObject *cells;    /* Owned: the ContextVar that holds the cells; or NULL. */
    PyObject *initial;  /* Owned: the default; NULL if there is none. */
    PyObject *factory;  /* Owned: makes the default; NULL if there is none. */
    PyObject *name;     /* Owned, or NULL. */
    State *state;       /* Borrowed: lives as long as the type does. */
    PyObject *weakrefs; /* Owned by the interpreter. */
    char revoke;        /* A bind that ends empties its cell. */
} BareVar;

/* The context variable, borrowed; NULL with an error before __init__. Never
 * replaced while code can run that uses it. */
PyObject *var_cells(BareVar *var);

/* What lies in the context variable *cells* here and now, a strong reference to a
 * cell; *cell is NULL if nothing does. -1 with an error. */
int var_top(PyObject *cells, Cell **cell);

/* The value of here and now, made if it has to be; NULL if there is none, with an
 * error only if something failed. */
PyObject *var_value(PyObject *var);

int var_check(PyObject *object);

int var_add_types(PyObject *module, State *state);

/* make_token(AnyToken) -> Token, which derives from it. */
PyObject *var_make_token(PyObject *module, PyObject *any_token);

#endif
