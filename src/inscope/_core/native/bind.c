/* VarBind: a block in which a Var has a value, and that always ends.
 *
 *     NEW ── __enter__ ──► ENTERED ── __exit__, end ──► LEFT
 *              │                          │
 *              └─ its cell on top         ├─ the same Context: what was there is back
 *                 of the chain            └─ another: the cell is emptied, and logged
 *
 * What all binds share is in _core/bind.py, from whose Bind this derives; what is
 * done about binds left out of order is in _core/cells.py. Made by var.c. Python
 * twin: python/bind.py.
 */
#include "bind.h"

#include "arguments.h"
#include "cell.h"
#include "place.h"
#include "spares.h"
#include "var.h"

enum { NEW, ENTERING, ENTERED, LEFT };

typedef struct {
    OpenBind open;
    PyObject *var;      /* Owned: a BareVar. */
    Cell *cell;         /* Owned: by which contexts see the value; NULL once left. */
    PyObject *copied;   /* Owned: a tuple of cells that copies took the place of. */
    PyObject *token;    /* Owned: the context variable's; NULL unless entered. */
    PyObject *before;   /* Borrowed from the token: what was there on entering. */
    PyObject *code;     /* Owned: the code that made it; NULL if that was no Python. */
    PyObject *weakrefs; /* Owned by the interpreter. */
    int offset;         /* Of the instruction in code. */
    int state;
} VarBind;

/* Entering and leaving */

static State *
state_of(VarBind *bind)
{
    return ((BareVar *)bind->var)->state;
}

/* Go from one state to the next; 0 if it is in another. */
static int
advance(VarBind *bind, int from, int to)
{
    int done;
    Py_BEGIN_CRITICAL_SECTION(bind);
    done = bind->state == from;
    if (done) {
        bind->state = to;
    }
    Py_END_CRITICAL_SECTION();
    return done;
}

/* Make the cell the top of the chain; -1 with an error, and nothing bound. */
static int
put(VarBind *bind, Cell *cell)
{
    PyObject *cells = ((BareVar *)bind->var)->cells;
    Cell *top;
    if (var_top(cells, &top) < 0) {
        return -1;
    }
    cell_open(cell, &bind->open, top == NULL ? NULL : cell_shortened(top));
    bind->before = (PyObject *)top;
    bind->token = PyContextVar_Set(cells, (PyObject *)cell);
    Py_XDECREF((PyObject *)top);
    if (bind->token == NULL) {
        bind->before = NULL;
        cell_withdraw(cell); /* without memory for a token, the variable is set all the same */
        return -1;
    }
    return 0;
}

static PyObject *
bind_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    VarBind *bind = (VarBind *)self;
    if (!advance(bind, NEW, ENTERING)) {
        return PyObject_CallMethodNoArgs(self, state_of(bind)->refuse_entry);
    }
    PyObject *value = Py_NewRef((PyObject *)((TracedCell *)bind->cell)->held);
    int done = put(bind, bind->cell);
    advance(bind, ENTERING, done < 0 ? LEFT : ENTERED);
    if (done < 0) {
        Py_CLEAR(value);
    }
    return value;
}

/* Do to the cell, and to those that it is a copy of, what is done at the end. */
static void
finish(Cell *cell, PyObject *copied, void (*end)(Cell *))
{
    end(cell);
    for (Py_ssize_t index = 0; copied != NULL && index < PyTuple_GET_SIZE(copied);
         index++) {
        end((Cell *)PyTuple_GET_ITEM(copied, index));
    }
}

/* After the reset: is what was under the cell what is there now? If not, some
 * bind was left out of order. */
static int
mend(VarBind *bind, Cell *cell, Cell *top, PyObject *before)
{
    if (top == cell && cell_is_above(cell, before)) {
        return 0;
    }
    PyObject *cells = ((BareVar *)bind->var)->cells;
    PyObject *done = PyObject_CallFunctionObjArgs(
        state_of(bind)->mend, cells, top == NULL ? Py_None : (PyObject *)top, cell, NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Put back what was there. 1 if it was done; 0 if this is another Context, and the
 * value is withdrawn instead; -1 with an error, the value withdrawn as well. */
static int
leave(VarBind *bind)
{
    BareVar *var = (BareVar *)bind->var;
    Cell *cell, *top = NULL;
    PyObject *copied, *token = bind->token, *before = bind->before;
    Py_BEGIN_CRITICAL_SECTION(bind); /* another context may be rebuilt, see adopt() */
    cell = bind->cell;
    copied = bind->copied;
    bind->cell = NULL;
    bind->copied = NULL;
    Py_END_CRITICAL_SECTION();
    bind->token = bind->before = NULL;
    int result = var_top(var->cells, &top);
    if (result == 0 && PyContextVar_Reset(var->cells, token) == 0) {
        result = mend(bind, cell, top, before) < 0 ? -1 : 1;
    }
    else if (PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        result = 0;
    }
    else {
        result = -1;
    }
    PyObject *error = result < 0 ? PyErr_GetRaisedException() : NULL;
    finish(cell, copied, result == 1 && !var->revoke ? cell_release : cell_withdraw);
    Py_XDECREF((PyObject *)top);
    Py_XDECREF((PyObject *)cell);
    Py_XDECREF(copied);
    Py_XDECREF(token);
    if (error != NULL) {
        PyErr_SetRaisedException(error);
    }
    return result;
}

/* As leave(); a bind that is not entered refuses. */
static int
end(PyObject *self)
{
    VarBind *bind = (VarBind *)self;
    if (advance(bind, ENTERED, LEFT)) {
        return leave(bind);
    }
    Py_XDECREF(PyObject_CallMethodNoArgs(self, state_of(bind)->refuse_exit));
    return -1;
}

static PyObject *
bind_end(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    int ended = end(self);
    return ended < 0 ? NULL : PyBool_FromLong(ended);
}

static PyObject *
bind_exit(PyObject *self, PyObject *const *Py_UNUSED(error), Py_ssize_t count,
          PyObject *names)
{
    count += names == NULL ? 0 : PyTuple_GET_SIZE(names);
    if (count > 3) {
        PyErr_Format(PyExc_TypeError, "__exit__() takes at most 3 arguments (%zd given)",
                     count);
        return NULL;
    }
    int ended = end(self);
    if (ended != 0) {
        return ended < 0 ? NULL : Py_NewRef(Py_None);
    }
    PyObject *code;
    int offset;
    place_if_any(&code, &offset);
    PyObject *place = place_tuple_if_any(code, offset);
    PyObject *result = PyObject_CallFunctionObjArgs(
        state_of((VarBind *)self)->report_foreign, self, place, NULL);
    Py_DECREF(place);
    return result;
}

/* adopt(old, new): new, a copy of the cell old in another chain, is its own now. */
static PyObject *
bind_adopt(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !linked_cell_check(args[1]) ||
        !(linked_cell_check(args[0]) || traced_cell_check(args[0]))) {
        PyErr_SetString(PyExc_TypeError, "adopt() takes two linked cells");
        return NULL;
    }
    VarBind *bind = (VarBind *)self;
    PyObject *one = PyTuple_Pack(1, args[0]), *all = NULL, *copied = NULL;
    Cell *cell = NULL;
    if (one == NULL) {
        return NULL;
    }
    Py_BEGIN_CRITICAL_SECTION(bind);
    copied = bind->copied;
    all = copied == NULL ? Py_NewRef(one) : PySequence_Concat(copied, one);
    if (all != NULL) {
        cell = bind->cell;
        bind->copied = all;
        bind->cell = (Cell *)Py_NewRef(args[1]);
    }
    Py_END_CRITICAL_SECTION();
    Py_DECREF(one);
    if (all == NULL) {
        return NULL;
    }
    Py_XDECREF(copied);
    Py_XDECREF((PyObject *)cell);
    Py_RETURN_NONE;
}

/* "var 'user'": as _core/bind.py wants it. */
static PyObject *
bind_subject(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyObject_Repr(((VarBind *)self)->var);
}

/* Life */

static VarBind *
make(State *state, PyObject *var, PyObject *value)
{
    Cell *cell = cell_new_traced(state, value);
    if (cell == NULL) {
        return NULL;
    }
    VarBind *bind = (VarBind *)spares_take(&state->spare_binds, state->var_bind);
    if (bind == NULL) {
        Py_DECREF((PyObject *)cell);
        return NULL;
    }
    bind->open.value = NULL;
    bind->open.previous = NULL;
    bind->var = Py_NewRef(var);
    bind->cell = cell;
    bind->copied = bind->token = bind->before = bind->code = bind->weakrefs = NULL;
    bind->offset = -1;
    bind->state = NEW;
    PyObject_GC_Track(bind);
    return bind;
}

PyObject *
bind_new(State *state, PyObject *var, PyObject *value)
{
    if (var_cells((BareVar *)var) == NULL) {
        return NULL;
    }
    VarBind *bind = make(state, var, value);
    if (bind != NULL && place_here(&bind->code, &bind->offset) < 0) {
        Py_CLEAR(bind);
    }
    return (PyObject *)bind;
}

/* VarBind(var, value, place): for the binds of several Vars, made in one place. */
static PyObject *
bind_tp_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    PyObject *var, *value, *code;
    int offset;
    State *state = state_of_type(type);
    if (state == NULL || !PyArg_ParseTuple(args, "OO(O!i):VarBind", &var, &value,
                                           &PyCode_Type, &code, &offset)) {
        return NULL;
    }
    if (!var_check(var)) {
        PyErr_Format(PyExc_TypeError, "a VarBind binds a Var, not a %.200s",
                     Py_TYPE(var)->tp_name);
        return NULL;
    }
    if (var_cells((BareVar *)var) == NULL) {
        return NULL;
    }
    VarBind *bind = make(state, var, value);
    if (bind != NULL) {
        bind->code = Py_NewRef(code);
        bind->offset = offset;
    }
    return (PyObject *)bind;
}

static int
bind_traverse(PyObject *self, visitproc visit, void *arg)
{
    VarBind *bind = (VarBind *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(bind->open.value);
    Py_VISIT((PyObject *)bind->open.previous);
    Py_VISIT(bind->var);
    Py_VISIT((PyObject *)bind->cell);
    Py_VISIT(bind->copied);
    Py_VISIT(bind->token);
    Py_VISIT(bind->code);
    return 0;
}

/* The var stays: what is left of the bind may still be asked for its state. */
static int
bind_clear(PyObject *self)
{
    VarBind *bind = (VarBind *)self;
    bind->before = NULL;
    Cell *cell = bind->cell;
    PyObject *copied = bind->copied;
    bind->cell = NULL;
    bind->copied = NULL;
    bind->state = LEFT;
    if (cell != NULL) {
        finish(cell, copied, cell_release);
    }
    Py_XDECREF((PyObject *)cell);
    Py_XDECREF(copied);
    Py_CLEAR(bind->token);
    return 0;
}

static void
bind_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((VarBind *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    if (((VarBind *)self)->cell != NULL) { /* it was never left */
        bind_clear(self);
    }
    Py_CLEAR(((VarBind *)self)->code);
    Py_CLEAR(((VarBind *)self)->var);
    State *state = state_of_made(self);
    spares_give(state == NULL ? NULL : &state->spare_binds, self);
    Py_DECREF(type);
}

static PyObject *
get_place(PyObject *self, void *Py_UNUSED(closure))
{
    VarBind *bind = (VarBind *)self;
    return place_tuple(Py_XNewRef(bind->code), bind->offset);
}

static PyObject *
get_state(PyObject *self, void *Py_UNUSED(closure))
{
    VarBind *bind = (VarBind *)self;
    int state;
    Py_BEGIN_CRITICAL_SECTION(bind); /* which another thread may be leaving */
    state = bind->state;
    Py_END_CRITICAL_SECTION();
    return Py_NewRef(PyTuple_GET_ITEM(state_of(bind)->state_names, state));
}

static PyGetSetDef fields[] = {
    {"_place", get_place, NULL, NULL, NULL},
    {"_state", get_state, NULL, NULL, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(VarBind, weakrefs), Py_READONLY, NULL},
    {NULL},
};

static PyMethodDef methods[] = {
    {"__enter__", bind_enter, METH_NOARGS, "__enter__($self)\n--\n\n"},
    {"__exit__", FAST_METHOD(bind_exit), METH_FASTCALL | METH_KEYWORDS,
     "__exit__($self, kind=None, error=None, traceback=None)\n--\n\n"},
    {"end", bind_end, METH_NOARGS,
     "end($self)\n--\n\n"
     "End the binding; ``False`` if this is not the Context it was made in."},
    {"adopt", FAST_METHOD(bind_adopt), METH_FASTCALL,
     "adopt($self, old, new, /)\n--\n\n"
     "Take *new*, a copy of the cell *old* in another chain, for its own."},
    {"_subject", bind_subject, METH_NOARGS,
     "_subject($self)\n--\n\nReturn what is bound, for messages."},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, bind_tp_new},
    {Py_tp_dealloc, bind_dealloc},
    {Py_tp_traverse, bind_traverse},
    {Py_tp_clear, bind_clear},
    {Py_tp_methods, methods},
    {Py_tp_getset, fields},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.VarBind",
    .basicsize = sizeof(VarBind),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

PyObject *
bind_make_type(PyObject *module, PyObject *bind)
{
    State *state = PyModule_GetState(module);
    if (state_make_type(module, &state->var_bind, &spec, bind) < 0) {
        return NULL;
    }
    return Py_NewRef((PyObject *)state->var_bind);
}
