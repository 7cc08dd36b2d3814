/* The map of names: read, and copied with one name more or one less.
 *
 * A leaf is a dict and a node is a list, never changed once a context holds them,
 * so that _core/names.py, which explains the structure, works on them too. Used by
 * local.c. Python twin: _core/names.py.
 */
#include "names.h"

enum {
    FAN = 60,        /* Children of a node. */
    FIRST = FAN,     /* Where the names lie that came first. */
    COUNT = FAN + 1, /* Where the number of names is. */
    LEAF = 32,       /* Names in a leaf. */
};

/* What is left of a hash on the way down: the next child's index is taken off. */
static Py_ssize_t
next_index(Py_hash_t *bits)
{
    Py_hash_t index = *bits % FAN;
    *bits /= FAN;
    if (index < 0) { /* C rounds towards zero, Python down */
        index += FAN;
        *bits -= 1;
    }
    return index;
}

/* Is it a node of ours? A caller's variable may hold any list. */
static int
is_node(PyObject *tree)
{
    return PyList_CheckExact(tree) && PyList_GET_SIZE(tree) == FAN + 2 &&
           PyDict_CheckExact(PyList_GET_ITEM(tree, FIRST));
}

static PyObject *
refuse(PyObject *tree)
{
    PyErr_Format(PyExc_TypeError, "a Local's variable holds a %.200s, and no names",
                 Py_TYPE(tree)->tp_name);
    return NULL;
}

PyObject *
names_lookup(PyObject *tree, PyObject *name)
{
    PyObject *value = NULL;
    Py_hash_t bits = 0;
    if (PyDict_CheckExact(tree)) { /* nearly always */
        PyDict_GetItemRef(tree, name, &value);
        return value;
    }
    if (PyList_CheckExact(tree)) {
        bits = PyObject_Hash(name);
        if (bits == -1 || !is_node(tree)) {
            return bits == -1 ? NULL : refuse(tree);
        }
    }
    while (is_node(tree)) {
        if (PyDict_GetItemRef(PyList_GET_ITEM(tree, FIRST), name, &value) != 0) {
            return value;
        }
        tree = PyList_GET_ITEM(tree, next_index(&bits));
    }
    if (PyDict_Check(tree)) { /* not Python's []: the dict may have a __missing__ */
        PyDict_GetItemRef(tree, name, &value);
    }
    else if (tree != Py_None) { /* a mapping that a caller put into a ContextVar */
        int there = PySequence_Contains(tree, name);
        value = there > 0 ? PyObject_GetItem(tree, name) : NULL;
    }
    return value;
}

static PyObject *
leaf_with(PyObject *leaf, PyObject *name, PyObject *value)
{
    PyObject *copy = PyDict_Copy(leaf);
    if (copy != NULL && PyDict_SetItem(copy, name, value) < 0) {
        Py_CLEAR(copy);
    }
    return copy;
}

/* A leaf has room, or has the name already. */
static int
has_room(PyObject *leaf, PyObject *name)
{
    return PyDict_GET_SIZE(leaf) < LEAF ? 1 : PyDict_Contains(leaf, name);
}

/* Put what is given, whose reference is taken, into a node that nobody else has. */
static int
put(PyObject *node, Py_ssize_t index, PyObject *item)
{
    return item == NULL ? -1 : PyList_SetItem(node, index, item);
}

static Py_ssize_t
count_of(PyObject *tree)
{
    return PyDict_CheckExact(tree) ? PyDict_GET_SIZE(tree)
                                   : PyLong_AsSsize_t(PyList_GET_ITEM(tree, COUNT));
}

/* A node whose first names are those of a full leaf. */
static PyObject *
node_over(PyObject *leaf)
{
    PyObject *node = PyList_New(FAN + 2);
    if (node == NULL) {
        return NULL;
    }
    for (Py_ssize_t index = 0; index < FAN; index++) {
        PyList_SET_ITEM(node, index, Py_NewRef(Py_None));
    }
    PyList_SET_ITEM(node, FIRST, Py_NewRef(leaf));
    PyList_SET_ITEM(node, COUNT, PyLong_FromLong(LEAF));
    return node;
}

static PyObject *assign(PyObject *tree, PyObject *name, PyObject *value, Py_hash_t bits);

/* Assign below a node that nobody else has yet. */
static int
assign_below(PyObject *node, PyObject *name, PyObject *value, Py_hash_t bits)
{
    PyObject *first = PyList_GET_ITEM(node, FIRST);
    int there = PyDict_Contains(first, name);
    if (there != 0) {
        return there < 0 ? -1 : put(node, FIRST, leaf_with(first, name, value));
    }
    Py_ssize_t index = next_index(&bits), before = 0;
    PyObject *child = PyList_GET_ITEM(node, index), *changed;
    if (child == Py_None) {
        changed = PyDict_New();
        if (changed != NULL && PyDict_SetItem(changed, name, value) < 0) {
            Py_CLEAR(changed);
        }
    }
    else {
        before = count_of(child);
        changed = assign(child, name, value, bits);
    }
    if (changed == NULL) {
        return -1;
    }
    Py_ssize_t grown = count_of(node) + count_of(changed) - before;
    return put(node, index, changed) < 0 ||
                   put(node, COUNT, PyLong_FromSsize_t(grown)) < 0
               ? -1
               : 0;
}

static PyObject *
assign(PyObject *tree, PyObject *name, PyObject *value, Py_hash_t bits)
{
    PyObject *node;
    if (PyDict_CheckExact(tree)) {
        int room = has_room(tree, name);
        if (room != 0) {
            return room < 0 ? NULL : leaf_with(tree, name, value);
        }
        node = node_over(tree);
    }
    else {
        node = is_node(tree) ? PyList_GetSlice(tree, 0, FAN + 2) : refuse(tree);
    }
    if (node != NULL && assign_below(node, name, value, bits) < 0) {
        Py_CLEAR(node);
    }
    return node;
}

PyObject *
names_assign(PyObject *tree, PyObject *name, PyObject *value)
{
    if (PyDict_CheckExact(tree) && PyDict_GET_SIZE(tree) < LEAF) {
        return leaf_with(tree, name, value);
    }
    Py_hash_t bits = PyObject_Hash(name);
    return bits == -1 ? NULL : assign(tree, name, value, bits);
}

PyObject *
names_remove(State *state, PyObject *tree, PyObject *name)
{
    if (!PyDict_CheckExact(tree)) {
        if (!is_node(tree)) {
            return refuse(tree);
        }
        Py_hash_t bits = PyObject_Hash(name);
        PyObject *rest = bits == -1 ? NULL : PyLong_FromSsize_t(bits);
        PyObject *smaller = rest == NULL
                                ? NULL
                                : PyObject_CallFunctionObjArgs(state->remove_name, tree,
                                                               name, rest, NULL);
        Py_XDECREF(rest);
        return smaller;
    }
    PyObject *copy = PyDict_Copy(tree);
    if (copy != NULL && PyDict_DelItem(copy, name) < 0) {
        Py_CLEAR(copy);
    }
    return copy;
}

int
names_add_constants(PyObject *module)
{
    return PyModule_AddIntConstant(module, "FAN", FAN) < 0 ||
                   PyModule_AddIntConstant(module, "LEAF", LEAF) < 0
               ? -1
               : 0;
}
