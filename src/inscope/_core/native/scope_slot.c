/* ScopeSlot: where the innermost active scope of a class is found.
 *
 *     a proxy ──► slot ──► context variable ──► scope, or an error if it is closed
 *
 * The variable holds the scope itself. Python twin: python/scope.py.
 */
#include "scope.h"

/* The context variable, borrowed; NULL with an error before __init__. */
static PyObject *
slot_scopes(ScopeSlot *slot)
{
    if (slot->scopes == NULL) {
        Py_XDECREF(PyObject_CallOneArg(slot->state->uninitialized, (PyObject *)slot));
    }
    return slot->scopes;
}

BareScope *
slot_innermost(ScopeSlot *slot)
{
    PyObject *found, *scopes = slot_scopes(slot);
    if (scopes == NULL || PyContextVar_Get(scopes, NULL, &found) < 0) {
        return NULL;
    }
    if (found == Py_None) { /* put there where nothing was to be found again */
        Py_CLEAR(found);
    }
    if (found != NULL && !scope_check(found)) {
        PyErr_Format(PyExc_TypeError, "a scope's variable holds a %.200s, and no scope",
                     Py_TYPE(found)->tp_name);
        Py_CLEAR(found);
    }
    return (BareScope *)found;
}

PyObject *
slot_find(PyObject *self)
{
    BareScope *scope = slot_innermost((ScopeSlot *)self);
    if (scope == NULL) {
        return NULL;
    }
    char refuses;
    Py_BEGIN_CRITICAL_SECTION(scope); /* which another thread may be closing */
    refuses = scope->refuses;
    Py_END_CRITICAL_SECTION();
    if (LIKELY(!refuses)) {
        return (PyObject *)scope;
    }
    PyObject *error =
        PyObject_CallMethodNoArgs((PyObject *)scope, scope->state->closed_error);
    if (error != NULL && PyExceptionInstance_Check(error)) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    }
    Py_XDECREF(error);
    Py_DECREF((PyObject *)scope);
    return NULL;
}

/* Let around, or nothing, be the innermost scope again. -1 with an error. */
static int
put_back(ScopeSlot *slot, PyObject *around)
{
    PyObject *value = around == NULL ? Py_None : around;
    void *spare = PyMem_Malloc(100); /* where token and value find no memory, it crashes */
    if (spare == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    PyMem_Free(spare);
    PyObject *token = PyContextVar_Set(slot->scopes, value);
    Py_XDECREF(token);
    return token == NULL ? -1 : 0;
}

/* Without memory for a token, CPython sets a variable all the same: undo that. */
void
slot_undo_set(ScopeSlot *slot, BareScope *around)
{
    PyObject *error = PyErr_GetRaisedException();
    BareScope *found = slot_innermost(slot);
    if (found != around && put_back(slot, (PyObject *)around) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF((PyObject *)found);
    PyErr_SetRaisedException(error);
}

/* Without memory for a reset, CPython says all the same that the token was used: set the
 * variable to what it was. */
int
slot_reset_again(ScopeSlot *slot, PyObject *token)
{
    if (!PyErr_ExceptionMatches(PyExc_MemoryError)) {
        return -1;
    }
    PyErr_Clear();
    if (PyContextVar_Reset(slot->scopes, token) == 0) {
        return 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_RuntimeError)) { /* it is of another Context */
        return -1;
    }
    PyErr_Clear();
    PyObject *around = PyObject_GetAttr(token, slot->state->old_value);
    if (around == NULL) {
        return -1;
    }
    int result = put_back(slot, around == slot->state->no_value ? NULL : around);
    Py_DECREF(around);
    return result;
}

static PyObject *
slot_get_innermost(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    BareScope *scope = slot_innermost((ScopeSlot *)self);
    return scope != NULL || PyErr_Occurred() ? (PyObject *)scope : Py_NewRef(Py_None);
}

static PyObject *
slot_lookup(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *scope = slot_find(self);
    if (scope == NULL && !PyErr_Occurred()) {
        PyErr_SetNone(((ScopeSlot *)self)->state->missing);
    }
    return scope;
}

static PyObject *
slot_resolver(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyObject_GetAttrString(self, "_lookup");
}

/* Life */

static PyObject *
slot_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"name", NULL};
    PyObject *name;
    State *state = state_of_type(type);
    if (state == NULL ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "U:ScopeSlot", names, &name)) {
        return NULL;
    }
    PyObject *scopes = PyObject_CallOneArg((PyObject *)&PyContextVar_Type, name);
    ScopeSlot *slot = scopes == NULL ? NULL : (ScopeSlot *)type->tp_alloc(type, 0);
    if (slot == NULL) {
        Py_XDECREF(scopes);
        return NULL;
    }
    slot->scopes = scopes;
    slot->name = Py_NewRef(name);
    slot->state = state;
    return (PyObject *)slot;
}

static int
slot_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((ScopeSlot *)self)->scopes);
    return 0;
}

static int
slot_clear(PyObject *self)
{
    Py_CLEAR(((ScopeSlot *)self)->scopes);
    return 0;
}

static void
slot_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((ScopeSlot *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    slot_clear(self);
    Py_CLEAR(((ScopeSlot *)self)->name);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
get_scopes(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_XNewRef(slot_scopes((ScopeSlot *)self));
}

static PyGetSetDef fields[] = {
    {"_scopes", get_scopes, NULL, NULL, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"name", Py_T_OBJECT_EX, offsetof(ScopeSlot, name), Py_READONLY, NULL},
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(ScopeSlot, weakrefs), Py_READONLY,
     NULL},
    {NULL},
};

static PyMethodDef methods[] = {
    {"innermost", slot_get_innermost, METH_NOARGS,
     "innermost($self)\n--\n\n"
     "Return the innermost scope, closed or not; ``None`` if there is none."},
    {"resolver", slot_resolver, METH_NOARGS,
     "resolver($self)\n--\n\n"
     "Return the function that proxies resolve by: ``Missing`` if no scope."},
    {"_lookup", slot_lookup, METH_NOARGS, NULL},
    {NULL},
};

PyDoc_STRVAR(slot_doc, "ScopeSlot(name)\n--\n\n\
Where the innermost active scope of a class is found, for each context.");

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)slot_doc},
    {Py_tp_new, slot_new},
    {Py_tp_dealloc, slot_dealloc},
    {Py_tp_traverse, slot_traverse},
    {Py_tp_clear, slot_clear},
    {Py_tp_methods, methods},
    {Py_tp_getset, fields},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.ScopeSlot",
    .basicsize = sizeof(ScopeSlot),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int
slot_add_types(PyObject *module, State *state)
{
    return state_add_type(module, &state->scope_slot, &spec, NULL);
}
