// How an array takes part in a loop over tiles: in place where it can, else through a buffer.
#pragma once
#include "gradus/kernels/convert.h"

namespace gradus {

/// Rows of a table in the order of an index; negative indices count from the end.
struct ChosenRows {
  const int64_t* index = nullptr;  // null: none
  const char* table = nullptr;
  int64_t rows = 0, step = 0, length = 0;  // of the table; elements from row to row; elements in a row
};

/// How one array takes part in the innermost loop, or in blocks of several short rows. An array of chosen rows has the
/// addresses of an array that begins where its table does and has those rows one after the other.
struct Feed {
  bool direct = false, splat = false;
  int64_t stride = 0, row = 0, bytes = 0,
          tile_bytes = 0;  // row: stride to the next row; tile_bytes: of the buffer's type
  ConvertFn convert = nullptr;
  char* buffer = nullptr;
  const char* held = nullptr;  // what the buffer holds, if it can be used again
  int64_t held_rows = 0;
  ChosenRows chosen;
};

/// `inner`, `next`: strides of the two innermost dims; `wanted`: the type that the buffer holds.
inline void prepare(Feed& f, int64_t inner, int64_t next, DType dtype, DType wanted, bool is_output, char* buffer) {
  f.stride = inner;
  f.row = next;
  f.bytes = item_size(dtype);
  f.tile_bytes = item_size(wanted);
  f.direct = dtype == wanted && f.stride == 1;
  f.splat = !is_output && f.stride == 0;
  f.convert = is_output ? convert_fn(dtype, wanted) : convert_fn(wanted, dtype);
  f.buffer = buffer;
}

/// n elements from `src` on into `to`.
void load_chosen(const Feed& f, void* to, const char* src, int64_t n);
/// to[r * n + j] = column[r], elements of so many bytes.
void widen_rows(void* to, const void* column, int64_t bytes, int64_t rows, int64_t n);
/// `rows` rows of n elements at `src` as one run, in memory or in the buffer; `column` holds as many elements.
const void* load_block(Feed& f, char* src, int64_t rows, int64_t n, char* column);
/// The run in `from` to `rows` rows of n elements at `dst`.
void store_block(const Feed& f, char* dst, const void* from, int64_t rows, int64_t n);

}  // namespace gradus
