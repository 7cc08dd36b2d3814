/* What a set of a Var returns, for its reset. */
#ifndef INSCOPE_TOKEN_H
#define INSCOPE_TOKEN_H

#include "state.h"

typedef struct {
    PyObject_HEAD
    PyObject *token;     /* Owned: the context variable's own. */
    PyObject *var;       /* Owned. */
    PyObject *old_value; /* Owned. */
    PyObject *weakrefs;  /* Owned by the interpreter. */
} Token;

/* A token of var, around the context variable's own. */
PyObject *token_new(State *state, PyObject *var, PyObject *inner, PyObject *old_value);

/* make_token(AnyToken) -> Token, which derives from it. */
PyObject *token_make_type(PyObject *module, PyObject *any_token);

#endif
