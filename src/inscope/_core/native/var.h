/* The hot part of a Var: read, set, reset. */
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
    char travels;       /* Its value may have come from another process. */
} BareVar;

/* The context variable, borrowed; NULL with an error before __init__. Never
 * replaced while code can run that uses it. */
static inline PyObject *
var_cells(BareVar *var)
{
    if (var->cells == NULL) {
        Py_XDECREF(PyObject_CallOneArg(var->state->uninitialized, (PyObject *)var));
    }
    return var->cells;
}

/* What else than a cell lies in the context variable: an error; always -1. */
int var_refuse(PyObject *found);

/* What lies in the context variable *cells* here and now, a strong reference to a
 * cell; *cell is NULL if nothing does. -1 with an error. */
static inline int
var_top(PyObject *cells, Cell **cell)
{
    PyObject *found;
    if (PyContextVar_Get(cells, NULL, &found) < 0) {
        return -1;
    }
    *cell = (Cell *)found;
    return found == NULL || cell_check(found) ? 0 : var_refuse(found);
}

/* The value that is bound; NULL, with an error only if something failed. */
static inline PyObject *
var_bound_value(BareVar *var)
{
    PyObject *cells = var_cells(var);
    Cell *cell;
    if (cells == NULL || var_top(cells, &cell) < 0 || cell == NULL) {
        return NULL;
    }
    PyObject *value = cell_read(cell);
    Py_DECREF((PyObject *)cell);
    return value;
}

/* What stands in for a value: come from elsewhere, made, or the default; NULL if there is none, with an
 * error only if something failed. */
PyObject *var_made_value(BareVar *var);

static inline PyObject *
var_value(PyObject *var)
{
    PyObject *value = var_bound_value((BareVar *)var);
    return value != NULL || PyErr_Occurred() ? value : var_made_value((BareVar *)var);
}

int var_check(PyObject *object);

int var_add_types(PyObject *module, State *state);

#endif
