/* What crosses a boundary: BarePayload, for dump, has the values of Vars; BareValues,
 * for load, what came for them.
 *
 * A string of ASCII is written, and read, as it is; all else is left to the functions
 * that are given. Python twin: python/crossing.py.
 */
#include "crossing.h"

#include "arguments.h"

typedef struct {
    PyObject_HEAD
    PyObject *boundary; /* All owned; NULL if there is none yet. */
    PyObject *pairs;    /* A list of tuples. */
    PyObject *context;
    PyObject *text;
} Payload;

typedef struct {
    PyObject_HEAD
    PyObject *boundary; /* All owned. */
    PyObject *known;    /* A dict. */
    PyObject *unknown;  /* A dict. */
    PyObject *refused;  /* A tuple, or None. */
    PyObject *sent;
} Values;

/* The fields of an Entry (_core/declared.py) that are asked for here. */
enum { VAR = 0, IS_STR = 3, IDENTITY = 4, FIELDS = 7 };

/* What is the same for all that crosses; its references are borrowed. */
typedef struct {
    State *state;
    PyObject *boundary;
    PyObject *entries; /* A dict, by name; never changed: a Var that is declared makes
                          another one. */
    PyObject *convert;  /* (boundary, name, entry, value) -> what it is elsewhere */
    int takes_identity;
} Conversion;

/* -1 with an error. */
static int
conversion_from(Conversion *conversion, PyObject *type, PyObject *const *args,
                PyObject *convert)
{
    State *state = conversion->state = state_of_type((PyTypeObject *)type);
    conversion->boundary = args[0];
    conversion->entries = args[1];
    conversion->convert = convert;
    if (state == NULL) {
        return -1;
    }
    if (!PyDict_Check(conversion->entries)) {
        PyErr_SetString(PyExc_TypeError, "what crosses is in a dict");
        return -1;
    }
    PyObject *takes = PyObject_GetAttr(conversion->boundary, state->takes_identity);
    conversion->takes_identity = takes == NULL ? -1 : PyObject_IsTrue(takes);
    Py_XDECREF(takes);
    return conversion->takes_identity < 0 ? -1 : 0;
}

/* An object of a type that is given as a PyObject, without its fields. */
static void *
new_object(PyObject *type)
{
    return ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
}

static int
check_count(const char *function, Py_ssize_t count, Py_ssize_t wanted)
{
    if (count == wanted) {
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "%s() takes exactly %zd arguments (%zd given)",
                 function, wanted, count);
    return -1;
}

static int
check_entry(PyObject *entry)
{
    if (PyTuple_Check(entry) && PyTuple_GET_SIZE(entry) == FIELDS) {
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "what crosses is an Entry, not %.200s",
                 Py_TYPE(entry)->tp_name);
    return -1;
}

/* Whether it is the same here and elsewhere. */
static int
is_plain(Conversion *conversion, PyObject *entry, PyObject *value)
{
    return PyTuple_GET_ITEM(entry, IS_STR) == Py_True &&
           (conversion->takes_identity ||
            PyTuple_GET_ITEM(entry, IDENTITY) != Py_True) &&
           PyUnicode_CheckExact(value) && PyUnicode_IS_ASCII(value);
}

/* What value is elsewhere. */
static PyObject *
converted(Conversion *conversion, PyObject *name, PyObject *entry, PyObject *value)
{
    if (is_plain(conversion, entry, value)) {
        return Py_NewRef(value);
    }
    PyObject *args[] = {conversion->boundary, name, entry, value};
    return PyObject_Vectorcall(conversion->convert, args, 4, NULL);
}

/* Out: for dump */

/* The value of the entry's Var; NULL, with an error only if something failed. */
static PyObject *
value_of(Conversion *conversion, PyObject *entry)
{
    PyObject *var;
    if (PyWeakref_GetRef(PyTuple_GET_ITEM(entry, VAR), &var) <= 0) {
        return NULL;
    }
    PyObject *args[] = {var, conversion->state->missing};
    PyObject *value = PyObject_VectorcallMethod(
        conversion->state->get, args, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(var);
    if (value == conversion->state->missing) {
        Py_CLEAR(value);
    }
    return value;
}

static int
append_pair(PyObject *pairs, PyObject *name, PyObject *data)
{
    PyObject *pair = PyTuple_New(2);
    if (pair == NULL) {
        return -1;
    }
    PyTuple_SET_ITEM(pair, 0, Py_NewRef(name));
    PyTuple_SET_ITEM(pair, 1, Py_NewRef(data));
    int result = PyList_Append(pairs, pair);
    Py_DECREF(pair);
    return result;
}

/* Append what the entry's Var has, if it has something. */
static int
append_entry(Conversion *conversion, PyObject *pairs, PyObject *name, PyObject *entry)
{
    PyObject *value = check_entry(entry) < 0 ? NULL : value_of(conversion, entry);
    if (value == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *data = converted(conversion, name, entry, value);
    int result = data == NULL ? -1 : append_pair(pairs, name, data);
    Py_XDECREF(data);
    Py_DECREF(value);
    return result;
}

/* Append those of all entries; -1 with an error. */
static int
append_entries(Conversion *conversion, PyObject *pairs)
{
    PyObject *name, *entry;
    Py_ssize_t position = 0;
    int result = 0;
    while (result == 0 && PyDict_Next(conversion->entries, &position, &name, &entry)) {
        Py_INCREF(name);
        Py_INCREF(entry);
        result = append_entry(conversion, pairs, name, entry);
        Py_DECREF(name);
        Py_DECREF(entry);
    }
    return result;
}

static PyObject *
payload_going(PyObject *type, PyObject *const *args, Py_ssize_t count)
{
    Conversion conversion;
    if (check_count("_going", count, 3) < 0 ||
        conversion_from(&conversion, type, args, args[2]) < 0) {
        return NULL;
    }
    Payload *self = new_object(type);
    if (self == NULL) {
        return NULL;
    }
    self->boundary = Py_NewRef(conversion.boundary);
    self->pairs = PyList_New(0);
    if (self->pairs == NULL || append_entries(&conversion, self->pairs) < 0 ||
        (self->context = PyContext_CopyCurrent()) == NULL) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static int
payload_traverse(PyObject *object, visitproc visit, void *arg)
{
    Payload *self = (Payload *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->boundary);
    Py_VISIT(self->pairs);
    Py_VISIT(self->context);
    Py_VISIT(self->text);
    return 0;
}

/* No tp_clear: what could be part of a cycle can be cleared itself. */
static void
payload_dealloc(PyObject *object)
{
    Payload *self = (Payload *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(self->boundary);
    Py_CLEAR(self->pairs);
    Py_CLEAR(self->context);
    Py_CLEAR(self->text);
    type->tp_free(object);
    Py_DECREF(type);
}

/* In: for load */

/* Put data into the known, or into the unknown. */
static int
put(Conversion *conversion, Values *self, PyObject *name, PyObject *data)
{
    PyObject *entry;
    int found = PyDict_GetItemRef(conversion->entries, name, &entry);
    if (found <= 0) {
        return found < 0 ? -1 : PyDict_SetItem(self->unknown, name, data);
    }
    PyObject *value =
        check_entry(entry) < 0 ? NULL : converted(conversion, name, entry, data);
    int result = value == NULL ? -1 : PyDict_SetItem(self->known, name, value);
    Py_XDECREF(value);
    Py_DECREF(entry);
    return result;
}

/* The same for a pair of a name and data. */
static int
put_pair(Conversion *conversion, Values *self, PyObject *pair)
{
    PyObject *parts = PySequence_Tuple(pair);
    int result = -1;
    if (parts != NULL && PyTuple_GET_SIZE(parts) != 2) {
        PyErr_SetString(PyExc_ValueError, "a pair is a name and a value");
    }
    else if (parts != NULL) {
        result = put(conversion, self, PyTuple_GET_ITEM(parts, 0),
                     PyTuple_GET_ITEM(parts, 1));
    }
    Py_XDECREF(parts);
    return result;
}

/* The same for all pairs of an iterable. */
static int
put_pairs(Conversion *conversion, Values *self, PyObject *iterable)
{
    /* A tuple: what is called in between cannot change it. */
    PyObject *pairs = PySequence_Tuple(iterable);
    int result = pairs == NULL ? -1 : 0;
    Py_ssize_t size = pairs == NULL ? 0 : PyTuple_GET_SIZE(pairs);
    for (Py_ssize_t index = 0; result == 0 && index < size; index++) {
        result = put_pair(conversion, self, PyTuple_GET_ITEM(pairs, index));
    }
    Py_XDECREF(pairs);
    return result;
}

static PyObject *
values_sorted_out(PyObject *type, PyObject *const *args, Py_ssize_t count)
{
    Conversion conversion;
    if (check_count("_sorted_out", count, 5) < 0 ||
        conversion_from(&conversion, type, args, args[3]) < 0) {
        return NULL;
    }
    Values *self = new_object(type);
    if (self == NULL) {
        return NULL;
    }
    self->boundary = Py_NewRef(conversion.boundary);
    self->refused = Py_NewRef(Py_None);
    self->sent = Py_NewRef(args[4]);
    self->known = PyDict_New();
    self->unknown = PyDict_New();
    if (self->known == NULL || self->unknown == NULL ||
        put_pairs(&conversion, self, args[2]) < 0) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static int
values_traverse(PyObject *object, visitproc visit, void *arg)
{
    Values *self = (Values *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->boundary);
    Py_VISIT(self->known);
    Py_VISIT(self->unknown);
    Py_VISIT(self->refused);
    Py_VISIT(self->sent);
    return 0;
}

/* No tp_clear: what could be part of a cycle can be cleared itself. */
static void
values_dealloc(PyObject *object)
{
    Values *self = (Values *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(self->boundary);
    Py_CLEAR(self->known);
    Py_CLEAR(self->unknown);
    Py_CLEAR(self->refused);
    Py_CLEAR(self->sent);
    type->tp_free(object);
    Py_DECREF(type);
}

/* The types */

PyDoc_STRVAR(going_doc, "_going($type, boundary, crossing, write, /)\n--\n\n\
Return a payload of the Vars that have a value here and now.");

PyDoc_STRVAR(sorted_out_doc,
             "_sorted_out($type, boundary, crossing, pairs, read, sent, /)\n--\n\n\
Return what *pairs*, names and values as they were written, say here.");

PyDoc_STRVAR(payload_doc, "\
What goes: the pairs of names and of what is written; its text is yet to come.");

PyDoc_STRVAR(values_doc, "\
What has come: the values, by name; and apart from them, what is unknown.");

static PyMethodDef payload_methods[] = {
    {"_going", FAST_METHOD(payload_going), METH_FASTCALL | METH_CLASS, going_doc},
    {NULL},
};

static PyMethodDef values_methods[] = {
    {"_sorted_out", FAST_METHOD(values_sorted_out), METH_FASTCALL | METH_CLASS,
     sorted_out_doc},
    {NULL},
};

#define FIELD(name, type, field) {name, Py_T_OBJECT_EX, offsetof(type, field), 0, NULL}

static PyMemberDef payload_members[] = {
    FIELD("boundary", Payload, boundary),
    FIELD("text", Payload, text),
    FIELD("_pairs", Payload, pairs),
    FIELD("_context", Payload, context),
    {NULL},
};

static PyMemberDef values_members[] = {
    FIELD("known", Values, known),
    FIELD("unknown", Values, unknown),
    FIELD("sent", Values, sent),
    FIELD("_boundary", Values, boundary),
    FIELD("_refused", Values, refused),
    {NULL},
};

static PyType_Slot payload_slots[] = {
    {Py_tp_doc, (void *)payload_doc},
    {Py_tp_dealloc, payload_dealloc},
    {Py_tp_traverse, payload_traverse},
    {Py_tp_methods, payload_methods},
    {Py_tp_members, payload_members},
    {0, NULL},
};

static PyType_Slot values_slots[] = {
    {Py_tp_doc, (void *)values_doc},
    {Py_tp_dealloc, values_dealloc},
    {Py_tp_traverse, values_traverse},
    {Py_tp_methods, values_methods},
    {Py_tp_members, values_members},
    {0, NULL},
};

static PyType_Spec payload_spec = {
    .name = "inscope._core.native._native.BarePayload",
    .basicsize = sizeof(Payload),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = payload_slots,
};

static PyType_Spec values_spec = {
    .name = "inscope._core.native._native.BareValues",
    .basicsize = sizeof(Values),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = values_slots,
};

int
crossing_add_types(PyObject *module, State *state)
{
    return state_add_type(module, &state->bare_payload, &payload_spec, NULL) < 0 ||
                   state_add_type(module, &state->bare_values, &values_spec, NULL) < 0
               ? -1
               : 0;
}
