/* BareVar: what is hot of a Var.
 *
 *     var.get() ──► context variable ──► cell ──► value
 *                          └─ nothing there: the default, the factory, an error
 *
 * CellVar (_core/var.py) derives from BareVar and adds the rest. What set() returns is
 * in token.c, a bind in bind.c. Python twin: python/var.py.
 */
#include "var.h"

#include "arguments.h"
#include "bind.h"
#include "token.h"

/* Reading */

int
var_refuse(PyObject *found)
{
    PyErr_Format(PyExc_TypeError, "a Var's variable holds a %.200s, and not a cell",
                 Py_TYPE(found)->tp_name);
    Py_DECREF(found);
    return -1;
}

/* What came from another process; NULL if nothing did, with an error only if something
 * failed. */
static PyObject *
arrived_value(BareVar *var)
{
    if (!var->travels) {
        return NULL;
    }
    PyObject *value = PyObject_CallMethodNoArgs((PyObject *)var, var->state->arrived);
    if (value == var->state->empty) {
        Py_CLEAR(value);
    }
    return value;
}

PyObject *
var_made_value(BareVar *var)
{
    PyObject *value = arrived_value(var);
    if (value != NULL || PyErr_Occurred()) {
        return value;
    }
    if (var->factory == NULL) {
        return Py_XNewRef(var->initial);
    }
    return PyObject_CallMethodNoArgs((PyObject *)var, var->state->make);
}

static PyObject *
var_get(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count > 1) {
        PyErr_Format(PyExc_TypeError, "get() takes at most 1 argument (%zd given)", count);
        return NULL;
    }
    BareVar *var = (BareVar *)self;
    PyObject *value = var_bound_value(var);
    if (value != NULL || PyErr_Occurred()) {
        return value;
    }
    if (count == 1) {
        value = arrived_value(var);
        return value != NULL || PyErr_Occurred() ? value : Py_NewRef(args[0]);
    }
    value = var_made_value(var);
    if (value == NULL && !PyErr_Occurred()) {
        PyObject *error = PyObject_CallMethodNoArgs(self, var->state->unbound);
        if (error != NULL) {
            PyException_SetCause(error, NULL); /* from None */
            PyErr_SetObject((PyObject *)Py_TYPE(error), error);
            Py_DECREF(error);
        }
    }
    return value;
}

/* For proxies that resolve by a function: raises what stands for no value. */
static PyObject *
var_lookup(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *value = var_value(self);
    if (value == NULL && !PyErr_Occurred()) {
        PyErr_SetNone(((BareVar *)self)->state->missing);
    }
    return value;
}

static PyObject *
var_resolver(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyObject_GetAttrString(self, "_lookup");
}

/* Writing */

/* Without memory for its token, ContextVar.set has set the value all the same. */
static void
take_back(PyObject *cells, Cell *cell, Cell *old)
{
    PyObject *error = PyErr_GetRaisedException();
    PyObject *token = old == NULL ? NULL : PyContextVar_Set(cells, (PyObject *)old);
    PyErr_Clear();
    Py_XDECREF(token);
    cell_withdraw(cell);
    PyErr_SetRaisedException(error);
}

static PyObject *
var_set(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    BareVar *var = (BareVar *)self;
    PyObject *value = only_argument("set", "value", args, count, names);
    PyObject *cells = value == NULL ? NULL : var_cells(var);
    Cell *old, *around = NULL, *cell = NULL;
    if (cells == NULL || var_top(cells, &old) < 0) {
        return NULL;
    }
    PyObject *token = NULL, *inner = NULL, *old_value = NULL;
    if (old != NULL) {
        around = cell_enclosing_bind(old);
        old_value = cell_read(old);
    }
    cell = cell_new(var->state, value, around);
    inner = cell == NULL ? NULL : PyContextVar_Set(cells, (PyObject *)cell);
    if (inner != NULL) {
        token = token_new(var->state, self, inner,
                          old_value == NULL ? var->state->no_value : old_value);
    }
    if (cell != NULL && inner == NULL) {
        take_back(cells, cell, old);
    }
    if (inner != NULL && token == NULL) { /* nothing is left bound */
        PyObject *error = PyErr_GetRaisedException();
        if (PyContextVar_Reset(cells, inner) < 0) {
            PyErr_Clear();
        }
        PyErr_SetRaisedException(error);
    }
    Py_XDECREF((PyObject *)old);
    Py_XDECREF((PyObject *)around);
    Py_XDECREF((PyObject *)cell);
    Py_XDECREF(old_value);
    Py_XDECREF(inner);
    return token;
}

static PyObject *
var_reset(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    BareVar *var = (BareVar *)self;
    PyObject *token = only_argument("reset", "token", args, count, names);
    PyObject *cells = token == NULL ? NULL : var_cells(var);
    if (cells == NULL) {
        return NULL;
    }
    if (!Py_IS_TYPE(token, var->state->token) || ((Token *)token)->var != self) {
        return PyObject_CallFunctionObjArgs(var->state->refuse_token, self, token, NULL);
    }
    /* ContextVar.reset lets go of the value in the middle of the change: what that runs
     * could set the variable, and the interpreter would use what is freed. */
    PyObject *top;
    if (PyContextVar_Get(cells, NULL, &top) < 0) {
        return NULL;
    }
    int done = PyContextVar_Reset(cells, ((Token *)token)->token);
    if (done == 0) {
        Py_XDECREF(top);
        Py_RETURN_NONE;
    }
    PyObject *raised = PyErr_GetRaisedException();
    Py_XDECREF(top);
    PyErr_SetRaisedException(raised);
    if (!PyErr_ExceptionMatches(PyExc_RuntimeError) &&
        !PyErr_ExceptionMatches(PyExc_ValueError)) {
        return NULL;
    }
    PyObject *error = PyErr_GetRaisedException();
    PyObject *nothing = PyObject_CallFunctionObjArgs(var->state->refuse_reset, self,
                                                     error, NULL);
    Py_DECREF(error);
    return nothing;
}

static PyObject *
var_bind(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *value = only_argument("bind", "value", args, count, names);
    return value == NULL ? NULL : bind_new(((BareVar *)self)->state, self, value);
}

/* Life */

static PyObject *
var_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    State *state = state_of_type(type);
    PyObject *self = state == NULL ? NULL : type->tp_alloc(type, 0);
    if (self != NULL) {
        ((BareVar *)self)->state = state;
    }
    return self;
}

/* A reference to value, or NULL for what stands for none. */
static PyObject *
unless(PyObject *value, PyObject *nothing)
{
    return value == nothing ? NULL : Py_NewRef(value);
}

static int
var_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"name", "default", "factory", "revoke", "travels", NULL};
    PyObject *name, *initial, *factory;
    int revoke = 0, travels = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UOO|$pp:BareVar", names, &name,
                                     &initial, &factory, &revoke, &travels)) {
        return -1;
    }
    BareVar *var = (BareVar *)self;
    if (var->cells != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "a Var is initialised once");
        return -1;
    }
    PyObject *cells = PyObject_CallOneArg((PyObject *)&PyContextVar_Type, name);
    if (cells == NULL) {
        return -1;
    }
    var->name = Py_NewRef(name);
    var->initial = unless(initial, var->state->empty);
    var->factory = unless(factory, Py_None);
    var->revoke = (char)revoke;
    var->travels = (char)travels;
    var->cells = cells;
    return 0;
}

static int
var_traverse(PyObject *self, visitproc visit, void *arg)
{
    BareVar *var = (BareVar *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(var->cells);
    Py_VISIT(var->initial);
    Py_VISIT(var->factory);
    return 0;
}

static int
var_clear(PyObject *self)
{
    BareVar *var = (BareVar *)self;
    Py_CLEAR(var->cells);
    Py_CLEAR(var->initial);
    Py_CLEAR(var->factory);
    return 0;
}

static void
var_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, var_dealloc) /* a default may be a Var */
    if (((BareVar *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    var_clear(self);
    Py_CLEAR(((BareVar *)self)->name);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

int
var_check(PyObject *object)
{
    for (PyTypeObject *type = Py_TYPE(object); type != NULL; type = type->tp_base) {
        if (type->tp_dealloc == var_dealloc) {
            return 1;
        }
    }
    return 0;
}

/* The fields, for CellVar and PlainVar */

static PyObject *
get_default(PyObject *self, void *Py_UNUSED(closure))
{
    BareVar *var = (BareVar *)self;
    return Py_NewRef(var->initial == NULL ? var->state->empty : var->initial);
}

static PyObject *
get_factory(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *factory = ((BareVar *)self)->factory;
    return Py_NewRef(factory == NULL ? Py_None : factory);
}

static PyObject *
get_cells(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_XNewRef(var_cells((BareVar *)self));
}

/* Only before anything else can see the Var: Var.over puts its own there. */
static int
set_cells(PyObject *self, PyObject *cells, void *Py_UNUSED(closure))
{
    if (cells == NULL || !PyContextVar_CheckExact(cells)) {
        PyErr_SetString(PyExc_TypeError, "a Var's variable must be a ContextVar");
        return -1;
    }
    Py_XSETREF(((BareVar *)self)->cells, Py_NewRef(cells));
    return 0;
}

static PyObject *
get_revoke(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(((BareVar *)self)->revoke);
}

static PyObject *
get_travels(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(((BareVar *)self)->travels);
}

static PyGetSetDef fields[] = {
    {"_cells", get_cells, set_cells, NULL, NULL},
    {"_default", get_default, NULL, NULL, NULL},
    {"_factory", get_factory, NULL, NULL, NULL},
    {"_revoke", get_revoke, NULL, NULL, NULL},
    {"_travels", get_travels, NULL, NULL, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"_name", Py_T_OBJECT_EX, offsetof(BareVar, name), Py_READONLY, NULL},
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(BareVar, weakrefs), Py_READONLY, NULL},
    {NULL},
};

PyDoc_STRVAR(get_doc, "get($self, default=..., /)\n--\n\n\
Return the value bound here and now.\n\
\n\
Args:\n\
    default: Returned where nothing is bound, before the Var's own\n\
        default or factory is asked, as ``ContextVar.get`` does.\n\
\n\
Raises:\n\
    UnboundVarError: Nothing is bound and there is no default.");

PyDoc_STRVAR(set_doc, "set($self, value)\n--\n\n\
Bind *value* until ``reset``, or to the end of the bind around it.\n\
\n\
Returns:\n\
    A token for :meth:`reset`.");

PyDoc_STRVAR(reset_doc, "reset($self, token)\n--\n\n\
Undo the ``set`` that returned *token*.\n\
\n\
Raises:\n\
    TypeError: *token* is not a token.\n\
    ForeignTokenError: It was made by another Var.\n\
    TokenUsedError: It was used before.\n\
    ForeignContextError: It was made in another ``Context``.");

PyDoc_STRVAR(bind_doc, "bind($self, value)\n--\n\n\
Return a block in which the Var has *value*: ``with var.bind(value):``.\n\
\n\
``as`` gives *value*. The bind always ends: left in another Context\n\
than it was entered in, its value is withdrawn wherever it was visible.");

PyDoc_STRVAR(resolver_doc, "resolver($self)\n--\n\n\
Return the function that proxies resolve by: ``Missing`` if no value.");

#define KEYWORDS METH_FASTCALL | METH_KEYWORDS

static PyMethodDef methods[] = {
    {"get", FAST_METHOD(var_get), METH_FASTCALL, get_doc},
    {"set", FAST_METHOD(var_set), KEYWORDS, set_doc},
    {"reset", FAST_METHOD(var_reset), KEYWORDS, reset_doc},
    {"bind", FAST_METHOD(var_bind), KEYWORDS, bind_doc},
    {"resolver", var_resolver, METH_NOARGS, resolver_doc},
    {"_lookup", var_lookup, METH_NOARGS, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, var_new},
    {Py_tp_init, var_init},
    {Py_tp_dealloc, var_dealloc},
    {Py_tp_traverse, var_traverse},
    {Py_tp_clear, var_clear},
    {Py_tp_methods, methods},
    {Py_tp_getset, fields},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.BareVar",
    .basicsize = sizeof(BareVar),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int
var_add_types(PyObject *module, State *state)
{
    return state_add_generic_type(module, &state->bare_var, &spec);
}
