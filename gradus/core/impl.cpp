// Life and death of storages, views, tensors and nodes.
#include "gradus/core/impl.h"

#include <sys/mman.h>

#include <memory>
#include <new>

#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/core/modes.h"
#include "gradus/core/node.h"
#include "gradus/core/tensor.h"

namespace gradus {

void (*python_release)(TensorImpl*) = nullptr;

namespace {

// Found once: the compiler would look for it at every use, which in a shared library is a call.
inline detail::ThreadPool& this_pool() {
  detail::ThreadPool* pool = &detail::pool;
  asm("" : "+r"(pool));
  return *pool;
}

inline Storage* make_storage(int64_t bytes, bool lazy, detail::ThreadPool& pool) {
  auto* s = new (pool_get(sizeof(Storage), pool)) Storage;
  s->bytes = bytes;
  try {
    if (!lazy) s->data = data_get(bytes, pool);
  } catch (...) {
    pool_put(s, sizeof(Storage), pool);
    throw;
  }
  detail::count_object(detail::kStorages, 1, pool);
  return s;
}

inline TensorImpl* make_tensor(View* view, detail::ThreadPool& pool) {
  auto* t = new (pool_get(sizeof(TensorImpl), pool)) TensorImpl;
  t->view = view;
  t->flags = static_cast<uint32_t>(detail::modes.no_grad & detail::kInferring) * 4;
  detail::count_object(detail::kTensors, 1, pool);
  return t;
}

}  // namespace

Storage* new_storage(int64_t bytes) { return make_storage(bytes, false, this_pool()); }
Storage* new_lazy_storage(int64_t bytes) { return make_storage(bytes, true, this_pool()); }

void materialise(Storage& s) {
  if (!s.data && s.bytes) s.data = data_get(s.bytes);
}

Storage* new_foreign_storage(void* data, int64_t bytes, void (*release)(void*), void* context, uint32_t flags) {
  auto* s = new (pool_get(sizeof(Storage))) Storage;
  s->data = data;
  s->bytes = bytes;
  s->flags = flags | Storage::kForeign;
  s->release = release;
  s->context = context;
  detail::count_object(detail::kStorages, 1);
  return s;
}

void resize_storage(Storage& s, int64_t bytes) {
  check(s.resizable(), "Trying to resize storage that is not resizable");
  if (bytes == s.bytes) return;
  settle(s);
  void* fresh = data_get(bytes);
  const auto kept = static_cast<size_t>(bytes < s.bytes ? bytes : s.bytes);
  if (kept) __builtin_memcpy(fresh, s.data, kept);
  if (s.data) data_put(s.data, s.bytes);
  if (bytes < s.bytes) s.flags |= Storage::kShrunk;
  s.data = fresh;
  s.bytes = bytes;
}

namespace {
struct Mapping {
  void* data;
  size_t bytes;
};
void unmap(void* context) {
  auto* m = static_cast<Mapping*>(context);
  munmap(m->data, m->bytes);
  delete m;
}
}  // namespace

void share_storage(Storage& s) {
  if (s.flags & Storage::kShared) return;
  check(s.resizable(), "share_memory_(): the memory belongs to somebody else or is in use by an array");
  settle(s);
  if (s.bytes) {
    auto mapping = std::make_unique<Mapping>(nullptr, static_cast<size_t>(s.bytes));
    mapping->data = mmap(nullptr, mapping->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check_as(ErrorKind::OutOfMemory, mapping->data != MAP_FAILED, "share_memory_(): cannot map ", s.bytes, " bytes");
    __builtin_memcpy(mapping->data, s.data, mapping->bytes);
    data_put(s.data, s.bytes);
    s.data = mapping->data;
    s.context = mapping.release();
    s.release = &unmap;
  }
  s.flags |= Storage::kShared;
}

namespace {
inline void free_storage(Storage* s, detail::ThreadPool& pool) noexcept {
  if (s->release) [[unlikely]]
    s->release(s->context);
  else if (s->data && !(s->flags & Storage::kForeign)) data_put(s->data, s->bytes, pool);
  detail::count_object(detail::kStorages, -1, pool);
  pool_put(s, sizeof(Storage), pool);
}
inline void free_view(View* v, detail::ThreadPool& pool) noexcept {
  if (ref_dec(v->storage->refs)) free_storage(v->storage, pool);
  if (v->heap) [[unlikely]]
    pool_put(v->heap, sizeof(int64_t) * 2 * v->ndim, pool);
  pool_put(v, sizeof(View), pool);
}
}  // namespace

void destroy(Storage* s) noexcept { free_storage(s, this_pool()); }
void destroy(View* v) noexcept { free_view(v, this_pool()); }

View* new_view(Storage* storage, DType dtype, const IntList& sizes, const IntList& strides, int64_t offset) {
  auto* v = static_cast<View*>(pool_get(sizeof(View)));
  const int n = static_cast<int>(sizes.size());
  v->refs = 1;
  v->dtype = dtype;
  v->ndim = static_cast<uint8_t>(n);
  v->storage = storage;
  v->offset = offset;
  v->heap = nullptr;
  v->mention = 0;
  if (n > View::kInline) v->heap = static_cast<int64_t*>(pool_get(sizeof(int64_t) * 2 * static_cast<size_t>(n)));
  auto* size = const_cast<int64_t*>(v->size_data());
  auto* stride = const_cast<int64_t*>(v->stride_data());
  for (int i = 0; i < n; ++i) size[i] = sizes[i];
  const bool given = strides.size() == sizes.size();
  int64_t dense = 1, numel = 1;
  bool contiguous = true, plain = true;
  for (int i = n - 1; i >= 0; --i) {
    stride[i] = given ? strides[i] : dense;
    if (size[i] != 1 && stride[i] != dense) contiguous = false;
    plain &= stride[i] == dense;
    numel *= size[i];
    dense *= size[i] > 1 ? size[i] : 1;
  }
  v->numel = numel;
  v->contiguous = contiguous || numel == 0;
  v->plain = plain && numel != 0;
  return v;
}

bool same_layout(const View& a, const View& b) {
  return &a == &b ||
         (a.offset == b.offset && a.dtype == b.dtype && a.sizes() == b.sizes() && a.strides() == b.strides());
}

void View::prepare() const {
  settle(*storage);
  if (storage->has(Storage::kShrunk)) check_extent();
}

void View::check_extent() const {
  const int64_t item = item_size(dtype), needed = storage_bytes(sizes(), strides(), offset, item);
  check(numel == 0 || needed <= storage->bytes, "setStorage: sizes ", sizes(), ", strides ", strides(),
        ", storage offset ", offset, ", and itemsize ", item, " requiring a storage size of ", needed,
        " are out of bounds for storage of size ", storage->bytes);
}

Version* new_version() { return new (pool_get(sizeof(Version))) Version; }
void drop(Version* v) noexcept {
  if (!ref_dec(v->refs)) return;
  if (v->placed) forget_write(*v);
  pool_put(v, sizeof(Version));
}

TensorImpl* new_tensor(View* view) { return make_tensor(view, this_pool()); }

TensorImpl* new_result(const View& like, DType dtype) {
  const int64_t bytes = like.numel * item_size(dtype);
  detail::ThreadPool& pool = this_pool();
  Storage* storage = make_storage(bytes, comes_late(bytes), pool);
  if (like.ndim > View::kInline || !like.contiguous || !like.numel)
    return new_tensor(new_view(storage, dtype, like.sizes(), {}, 0));
  auto* v = static_cast<View*>(pool_get(sizeof(View), pool));
  v->refs = 1;
  v->dtype = dtype;
  v->ndim = like.ndim;
  v->contiguous = v->plain = true;
  v->storage = storage;
  v->mention = 0;
  v->offset = 0;
  v->numel = like.numel;
  v->heap = nullptr;
  int64_t step = 1;
  for (int i = like.ndim - 1; i >= 0; --i) {
    v->inline_sizes[i] = like.inline_sizes[i];
    v->inline_strides[i] = step;
    step *= like.inline_sizes[i];
  }
  return make_tensor(v, pool);
}

namespace {
void destroy_meta(Meta* m) noexcept {
  if (m->grad) drop(m->grad);
  if (m->base) drop(m->base);
  pool_put(m, sizeof(Meta));
}
}  // namespace

void destroy(TensorImpl* t) noexcept {
  if (t->py && python_release) {  // Python may take the tensor back
    python_release(t);
    return;
  }
  if (t->node) {
    if (t->meta && t->meta->retains_grad) forget_keeper(t->node, t);
    if (t->flags & TensorImpl::kLeafNode) detach_accumulator(t->node, t);
    drop(t->node);
  }
  if (t->meta) destroy_meta(t->meta);
  if (t->version) drop(t->version);
  detail::ThreadPool& pool = this_pool();
  if (ref_dec(t->view->refs)) free_view(t->view, pool);
  detail::count_object(detail::kTensors, -1, pool);
  pool_put(t, sizeof(TensorImpl), pool);
}

Meta& meta_of(TensorImpl* t) {
  if (!t->meta) t->meta = new (pool_get(sizeof(Meta))) Meta;
  return *t->meta;
}

// Threads that share a tensor may all want its version or its accumulator first: one of them wins.
Version& version_of(TensorImpl* t) {
  if (Version* v = __atomic_load_n(&t->version, __ATOMIC_ACQUIRE)) return *v;
  Version *fresh = new_version(), *current = nullptr;
  if (__atomic_compare_exchange_n(&t->version, &current, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return *fresh;
  drop(fresh);
  return *current;
}

// ---- nodes

Node* new_node(const NodeType& type, int n_next, int n_saved, int n_out, size_t tail_bytes) {
  const size_t bytes = tail_bytes + sizeof(Node) + sizeof(Edge) * static_cast<size_t>(n_next) +
                       sizeof(Saved) * static_cast<size_t>(n_saved) + sizeof(OutMeta) * static_cast<size_t>(n_out);
  auto* n = new (pool_get(bytes)) Node;
  n->n_next = n_next;
  n->n_saved = n_saved;
  n->n_out = n_out;
  n->bytes = static_cast<uint32_t>(bytes);
  n->type = &type;
  n->seq = detail::modes.sequence++;
  for (int i = 0; i < n_next; ++i) new (n->next() + i) Edge;
  for (int i = 0; i < n_saved; ++i) new (n->saved() + i) Saved;
  for (int i = 0; i < n_out; ++i) new (n->out() + i) OutMeta;
  detail::count_object(detail::kNodes, 1);
  if (detail::anomaly) [[unlikely]]
    note_node(*n);
  return n;
}

void drop(Saved& s) noexcept {
  const Saved gone = s;
  s = Saved{};
  if (gone.is_packed) {
    gone.packed->hooks->forget(gone.packed->value);
    if (ref_dec(gone.packed->hooks->refs)) delete gone.packed->hooks;
    delete gone.packed;
    return;
  }
  if (gone.view) drop(gone.view);
  if (gone.version) drop(gone.version);
}

void release_saved(Node& n) noexcept {
  for (int i = 0; i < n.n_saved; ++i) {
    Saved& s = n.saved()[i];
    if (s.view || s.is_packed) n.saves = true;
    drop(s);
  }
  if (n.type->release) n.type->release(n);
  n.released = true;
}

namespace {
// Dead nodes wait in a list threaded through `seq`: no recursion, no allocation, usable until the process ends.
constinit thread_local Node* dead = nullptr;
constinit thread_local bool burying = false;

void enqueue_dead(Node* n) noexcept {
  n->seq = reinterpret_cast<uint64_t>(dead);
  dead = n;
}

void bury(Node* n) noexcept {
  release_saved(*n);
  if (n->type->destroy) n->type->destroy(*n);
  if (n->hooks) release_hooks(n->hooks);
  for (int i = 0; i < n->n_next; ++i)
    if (Node* m = n->next()[i].node; m && ref_dec(m->refs)) enqueue_dead(m);
  for (int i = 0; i < n->n_out; ++i) n->out()[i].~OutMeta();
  detail::count_object(detail::kNodes, -1);
  pool_put(n, n->bytes);
}
}  // namespace

void destroy(Node* n) noexcept {
  enqueue_dead(n);
  if (burying) return;
  burying = true;
  while (Node* next = dead) {
    dead = reinterpret_cast<Node*>(next->seq);
    bury(next);
  }
  burying = false;
}

// ---- accumulators: the leaf owns its accumulator, the accumulator knows the leaf while it lives

namespace {
void accumulate(Node&, const Tensor*, Tensor*) {}  // the engine treats accumulators itself
constexpr NodeType kAccumulator{"AccumulateGrad", &accumulate, nullptr, nullptr};
}  // namespace

bool is_accumulator(const Node* n) { return n->type == &kAccumulator; }
TensorImpl* accumulator_leaf(const Node* n) {
  return is_accumulator(n) ? static_cast<TensorImpl*>(n->context) : nullptr;
}
void detach_accumulator(Node* n, const TensorImpl* leaf) noexcept {
  if (n->context == leaf) n->context = nullptr;  // a saved alias of the leaf may die first
}

Edge gradient_edge(TensorImpl* t) {
  // A view made without gradients requires one through its base, but has nowhere to put it.
  if (!(__atomic_load_n(&t->flags, __ATOMIC_RELAXED) & TensorImpl::kRequiresGrad)) return {};
  if (Node* n = __atomic_load_n(&t->node, __ATOMIC_ACQUIRE)) return {n, t->out_nr};
  Node *fresh = new_node(kAccumulator, 0, 0, 1), *current = nullptr;
  fresh->seq = UINT64_MAX;
  fresh->context = t;
  fresh->out()[0].set(*t->view);
  __atomic_fetch_or(&t->flags, TensorImpl::kLeafNode, __ATOMIC_RELEASE);
  if (__atomic_compare_exchange_n(&t->node, &current, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return {fresh, 0};
  drop(fresh);
  return {current, 0};
}

}  // namespace gradus
