/* The bind of a Var: with var.bind(value): … */
#ifndef INSCOPE_BIND_H
#define INSCOPE_BIND_H

#include "state.h"

/* A new bind of var, a BareVar, made where Python called from. */
PyObject *bind_new(State *state, PyObject *var, PyObject *value);

/* make_var_bind(Bind) -> VarBind, which derives from it. */
PyObject *bind_make_type(PyObject *module, PyObject *bind);

#endif
