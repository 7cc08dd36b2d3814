/* BareScope: the state of a scope, and its way from new to closed when that is short.
 *
 *     NEW ── push ──► ACTIVE ── pop ──► CLOSED
 *                        └─ CLOSING, on the long way
 *
 * A scope whose class has no hooks, signals and eager resources goes the short way, if
 * it has no callbacks and resources of its own. The long way is inscope/scope/lifecycle.py;
 * Scope derives from this. Python twin: python/scope.py.
 */
#include "scope.h"

#include "arguments.h"
#include "done.h"
#include "place.h"

/* Opening and closing */

/* Go from one state to the next; 0 if it is in another. */
static int
advance(BareScope *scope, char from, char to)
{
    int done;
    Py_BEGIN_CRITICAL_SECTION(scope);
    done = scope->life == from;
    if (done) {
        scope->life = to;
    }
    Py_END_CRITICAL_SECTION();
    return done;
}

/* The slot of a class whose scopes can go the short way, a strong reference; NULL,
 * with an error only if something failed. */
static ScopeSlot *
plain_slot(BareScope *scope)
{
    State *state = scope->state;
    PyObject *slot = _PyType_LookupRef(Py_TYPE(scope), state->plain_slot);
    if (slot != NULL && !Py_IS_TYPE(slot, state->scope_slot)) {
        Py_CLEAR(slot);
    }
    return (ScopeSlot *)slot;
}

/* Open it the short way. 1 if that is done, 0 if it goes the long way, -1 with an
 * error. */
static int
open_shortly(BareScope *scope, PyObject *code, int offset, int is_async)
{
    ScopeSlot *slot = plain_slot(scope);
    if (slot == NULL || !advance(scope, NEW, ACTIVE)) {
        Py_XDECREF((PyObject *)slot);
        return PyErr_Occurred() ? -1 : 0;
    }
    BareScope *around = slot_innermost(slot);
    PyObject *token = PyContextVar_Set(slot->scopes, (PyObject *)scope);
    if (token == NULL) {
        slot_undo_set(slot, around);
    }
    Py_XDECREF((PyObject *)around);
    Py_DECREF((PyObject *)slot);
    if (token == NULL) {
        Py_BEGIN_CRITICAL_SECTION(scope);
        scope->life = CLOSED;
        scope->refuses = 1;
        Py_END_CRITICAL_SECTION();
        return -1;
    }
    Py_BEGIN_CRITICAL_SECTION(scope);
    scope->token = token;
    scope->home = context_here();
    scope->is_async = (char)is_async;
    Py_END_CRITICAL_SECTION();
    moment_note((PyObject *)scope, &scope->opened, Py_XNewRef(code), offset);
    return 1;
}

/* Was it opened in the Context of this thread? Who is elsewhere leaves its token alone:
 * whoever is at home may be using it. */
static int
is_at_home(BareScope *scope)
{
    return scope->token != NULL && scope->home == context_here();
}

/* May it be closed the short way, as far as that is seen from itself? */
static int
is_plain(BareScope *scope, int is_async)
{
    int plain;
    Py_BEGIN_CRITICAL_SECTION(scope);
    plain = scope->life == ACTIVE && scope->count == 0 && scope->exits == NULL &&
            is_async >= scope->is_async && is_at_home(scope);
    Py_END_CRITICAL_SECTION();
    return plain;
}

/* 1, or -1 with an error. */
static int
close_late(BareScope *scope, PyObject *error)
{
    PyObject *done =
        PyObject_CallMethodOneArg((PyObject *)scope, scope->state->close_late, error);
    Py_XDECREF(done);
    return done == NULL ? -1 : 1;
}

/* As open_shortly(); and 2 if it is closed, but something came meanwhile. */
static int
close_shortly(BareScope *scope, PyObject *code, int offset, int is_async)
{
    ScopeSlot *slot = is_plain(scope, is_async) ? plain_slot(scope) : NULL;
    BareScope *innermost = slot == NULL ? NULL : slot_innermost(slot);
    int here = innermost == scope && advance(scope, ACTIVE, CLOSING);
    Py_XDECREF((PyObject *)innermost);
    if (!here) {
        Py_XDECREF((PyObject *)slot);
        return PyErr_Occurred() ? -1 : 0;
    }
    int done = PyContextVar_Reset(slot->scopes, scope->token);
    if (done < 0) {
        done = slot_reset_again(slot, scope->token);
    }
    Py_DECREF((PyObject *)slot);
    if (done < 0) {
        advance(scope, CLOSING, ACTIVE);
        return -1;
    }
    moment_note((PyObject *)scope, &scope->closed, Py_XNewRef(code), offset);
    PyObject *token;
    int late;
    Py_BEGIN_CRITICAL_SECTION(scope);
    token = scope->token;
    scope->token = scope->home = NULL;
    scope->life = CLOSED;
    scope->refuses = 1;
    late = scope->exits != NULL; /* another thread has added something meanwhile */
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(token);
    return late ? 2 : 1;
}

int
scope_open(PyObject *self, PyObject *code, int offset)
{
    int done = open_shortly((BareScope *)self, code, offset, 0);
    if (done != 0) {
        Py_XDECREF(code);
        return done < 0 ? -1 : 0;
    }
    PyObject *place = place_tuple(code, offset), *result = NULL;
    if (place != NULL) {
        PyObject *name = ((BareScope *)self)->state->push_slowly;
        result = PyObject_CallMethodOneArg(self, name, place);
        Py_DECREF(place);
    }
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Call a method that closes it the long way; takes the reference to code. */
static PyObject *
close_slowly(PyObject *self, PyObject *name, PyObject *error, PyObject *code, int offset)
{
    PyObject *place = place_tuple_if_any(code, offset);
    PyObject *result = PyObject_CallMethodObjArgs(self, name, error, place, NULL);
    Py_DECREF(place);
    return result;
}

/* What is to be done after close_shortly(), which returned done. */
static int
close_on(PyObject *self, int done, PyObject *error, PyObject *code, int offset)
{
    if (done == 2) {
        done = close_late((BareScope *)self, error);
    }
    if (done != 0) {
        Py_XDECREF(code);
        return done < 0 ? -1 : 0;
    }
    PyObject *name = ((BareScope *)self)->state->pop_slowly;
    PyObject *result = close_slowly(self, name, error, code, offset);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

int
scope_close(PyObject *self, PyObject *error, PyObject *code, int offset)
{
    int done = close_shortly((BareScope *)self, code, offset, 0);
    if (LIKELY(done == 1)) {
        Py_XDECREF(code);
        return 0;
    }
    return close_on(self, done, error, code, offset);
}

static PyObject *
scope_push(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *code;
    int offset;
    if (place_here(&code, &offset) < 0 || scope_open(self, code, offset) < 0) {
        return NULL;
    }
    return Py_NewRef(self);
}

static PyObject *
closed_here(PyObject *self, PyObject *error)
{
    PyObject *code;
    int offset;
    place_if_any(&code, &offset);
    return scope_close(self, error, code, offset) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
scope_pop(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *error = Py_None;
    if (count > 0 || names != NULL) {
        error = only_argument("pop", "exc", args, count, names);
    }
    return error == NULL ? NULL : closed_here(self, error);
}

static PyObject *
scope_exit(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 3) {
        PyErr_Format(PyExc_TypeError, "__exit__() takes 3 arguments (%zd given)", count);
        return NULL;
    }
    return closed_here(self, args[1]);
}

/* _scope_push(place) and _scope_pop(error, place): for who opens it on behalf of another. */
static PyObject *
scope_push_at(PyObject *self, PyObject *place)
{
    PyObject *code;
    int offset;
    if (place_parse(place, &code, &offset) < 0) {
        return NULL;
    }
    return scope_open(self, code, offset) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
scope_pop_at(PyObject *self, PyObject *args)
{
    PyObject *error, *place, *code;
    int offset;
    if (!PyArg_ParseTuple(args, "OO:_scope_pop", &error, &place) ||
        place_parse(place, &code, &offset) < 0) {
        return NULL;
    }
    return scope_close(self, error, code, offset) < 0 ? NULL : Py_NewRef(Py_None);
}

/* _scope_is_here(token): with the token that is taken for its own. */
static PyObject *
scope_is_here(PyObject *self, PyObject *token)
{
    BareScope *scope = (BareScope *)self;
    int here;
    Py_BEGIN_CRITICAL_SECTION(scope);
    here = scope->token == token && is_at_home(scope);
    Py_END_CRITICAL_SECTION();
    return PyBool_FromLong(here);
}

/* Both go the short way at once, and have then nothing to wait for. */
static PyObject *
scope_aenter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    State *state = ((BareScope *)self)->state;
    PyObject *code, *opened = done_new(state, self);
    int offset;
    if (opened == NULL || place_here(&code, &offset) < 0) {
        Py_XDECREF(opened);
        return NULL;
    }
    int done = open_shortly((BareScope *)self, code, offset, 1);
    if (done > 0) {
        Py_XDECREF(code);
        return opened;
    }
    Py_DECREF(opened);
    if (done < 0) {
        Py_XDECREF(code);
        return NULL;
    }
    PyObject *place = place_tuple(code, offset), *result = NULL;
    if (place != NULL) {
        result = PyObject_CallMethodOneArg(self, state->aenter_slowly, place);
        Py_DECREF(place);
    }
    return result;
}

static PyObject *
scope_aexit(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = ((BareScope *)self)->state;
    int offset;
    if (count != 3) {
        PyErr_Format(PyExc_TypeError, "__aexit__() takes 3 arguments (%zd given)", count);
        return NULL;
    }
    PyObject *code;
    place_if_any(&code, &offset);
    int done = close_shortly((BareScope *)self, code, offset, 1);
    if (done == 1 || done < 0) {
        Py_XDECREF(code);
        return done < 0 ? NULL : done_new(state, Py_None);
    }
    return close_slowly(self, state->aexit_slowly, args[1], code, offset);
}

/* Life */

static PyObject *
scope_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    State *state = state_of_type(type);
    int given = PyTuple_GET_SIZE(args) > 0 || (kwargs != NULL && PyDict_GET_SIZE(kwargs));
    if (state != NULL && given && type->tp_init == PyBaseObject_Type.tp_init) {
        PyErr_Format(PyExc_TypeError, "%.200s() takes no arguments", type->tp_name);
        return NULL;
    }
    /* By way of object, which, before 3.13, gives room for attributes without a dict. */
    PyObject *none = state == NULL ? NULL : PyTuple_New(0);
    BareScope *scope =
        none == NULL ? NULL : (BareScope *)PyBaseObject_Type.tp_new(type, none, NULL);
    Py_XDECREF(none);
    if (scope != NULL) {
        scope->state = state; /* the rest is zero: NEW, and without anything */
    }
    return (PyObject *)scope;
}

static int
scope_traverse(PyObject *self, visitproc visit, void *arg)
{
    BareScope *scope = (BareScope *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(scope->token);
    Py_VISIT(scope->exits);
    Py_VISIT(scope->holds);
    Py_VISIT(scope->values);
    Py_VISIT(scope->opened.code);
    Py_VISIT(scope->closed.code);
    return 0;
}

static int
scope_clear(PyObject *self)
{
    BareScope *scope = (BareScope *)self;
    Py_CLEAR(scope->token);
    Py_CLEAR(scope->exits);
    Py_CLEAR(scope->holds);
    Py_CLEAR(scope->values);
    return 0;
}

static void
scope_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, scope_dealloc) /* a token holds the scope before this one */
    if (((BareScope *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    scope_clear(self);
    Py_CLEAR(((BareScope *)self)->opened.code);
    Py_CLEAR(((BareScope *)self)->closed.code);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

int
scope_check(PyObject *object)
{
    for (PyTypeObject *type = Py_TYPE(object); type != NULL; type = type->tp_base) {
        if (type->tp_new == scope_new) {
            return 1;
        }
    }
    return 0;
}

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(BareScope, weakrefs), Py_READONLY,
     NULL},
    {NULL},
};

PyDoc_STRVAR(push_doc, "push($self)\n--\n\n\
Open the scope; if it is the active one here, only count.\n\
\n\
Returns:\n\
    The scope.\n\
\n\
Raises:\n\
    ScopeClosedError: It is closed, and does not ``reopen``.\n\
    ScopeOrderError: It is active, but another is the innermost one here.\n\
    ForeignScopeError: It was opened in another ``Context``.\n\
    AsyncInSyncScopeError: A part of it can only be awaited.");

PyDoc_STRVAR(pop_doc, "pop($self, exc=None)\n--\n\n\
Close the scope; if it was entered several times, count back.\n\
\n\
Args:\n\
    exc: What went wrong inside, for the hooks and resources.\n\
\n\
Raises:\n\
    ScopeNotActiveError: It is not open.\n\
    ScopeOrderError: Another one is the innermost one here.\n\
    ForeignScopeError: It was opened in another ``Context``. Like the two\n\
        before it, raised before anything was closed.\n\
    ExceptionGroup: Several things failed while it was closed. One error\n\
        alone is raised as it is.");

static PyMethodDef methods[] = {
    {"push", scope_push, METH_NOARGS, push_doc},
    {"pop", FAST_METHOD(scope_pop), METH_FASTCALL | METH_KEYWORDS, pop_doc},
    {"__enter__", scope_push, METH_NOARGS, "__enter__($self)\n--\n\n"},
    {"__exit__", FAST_METHOD(scope_exit), METH_FASTCALL,
     "__exit__($self, kind, error, traceback)\n--\n\n"},
    {"__aenter__", scope_aenter, METH_NOARGS, "__aenter__($self)\n--\n\n"},
    {"__aexit__", FAST_METHOD(scope_aexit), METH_FASTCALL,
     "__aexit__($self, kind, error, traceback)\n--\n\n"},
    {"_scope_push", scope_push_at, METH_O, NULL},
    {"_scope_pop", scope_pop_at, METH_VARARGS, NULL},
    {"_scope_is_here", scope_is_here, METH_O, NULL},
    {NULL},
};

PyDoc_STRVAR(scope_doc, "BareScope(*args, **kwargs)\n--\n\n\
The state of a scope, and its way from new to closed when that is short.");

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)scope_doc},
    {Py_tp_new, scope_new},
    {Py_tp_dealloc, scope_dealloc},
    {Py_tp_traverse, scope_traverse},
    {Py_tp_clear, scope_clear},
    {Py_tp_methods, methods},
    {Py_tp_getset, scope_fields},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.BareScope",
    .basicsize = sizeof(BareScope),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int
scope_add_types(PyObject *module, State *state)
{
    return state_add_type(module, &state->bare_scope, &spec, NULL) < 0
               ? -1
               : slot_add_types(module, state);
}
