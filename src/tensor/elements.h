// Elements of a tensor as numbers, whatever their type.
#pragma once

#include <cstring>
#include <span>
#include <vector>

#include "data/tensor.h"

namespace isojoule {

// An empty tensor of a spec whose shape is closed and whose size memory can hold.
Tensor make_tensor(TensorSpec spec);

// All elements; booleans as 0 and 1.
std::vector<float> float_values(const Tensor& tensor);

// Writes from element `first` on, in the tensor's type: whole numbers are rounded and kept within
// the type's range. The elements must be there.
void put_values(Tensor& tensor, std::size_t first, std::span<const float> values);

template <typename T>
void put_element(Tensor& tensor, std::size_t index, T value) {
  std::memcpy(tensor.data.data() + index * sizeof(T), &value, sizeof(T));
}
template <typename T>
T get_element(const Tensor& tensor, std::size_t index) {
  T value;
  std::memcpy(&value, tensor.data.data() + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace isojoule
