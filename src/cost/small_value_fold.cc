// Layers on small numbers, computed before anything runs.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "cost/node_attributes.h"
#include "cost/saturating.h"
#include "cost/small_value.h"

namespace isojoule {
namespace {

using Dims64 = std::vector<std::int64_t>;
using Values = std::vector<SmallValue>;
using Type = onnx::TensorProto;
using Number = long double;

bool is_whole_type(int type) {
  return type == Type::INT64 || type == Type::INT32 || type == Type::INT16 || type == Type::INT8 ||
         type == Type::UINT8 || type == Type::UINT16 || type == Type::UINT32 ||
         type == Type::UINT64 || type == Type::BOOL;
}

bool representable(const SmallValue& value) {
  if (!is_whole_type(value.type)) return true;
  for (std::size_t i = 0; i < value.numbers.size(); ++i)
    if (!value.integer(i)) return false;
  return true;
}

Values one(int type, Dims64 shape, std::vector<Number> numbers) {
  SmallValue value{type, std::move(shape), std::move(numbers)};
  if (static_cast<std::int64_t>(value.numbers.size()) > kMostSmallElements || !representable(value))
    return {};
  return {std::move(value)};
}

std::optional<Dims64> broadcast(const Dims64& a, const Dims64& b) {
  Dims64 result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1) return {};
    result[result.size() - 1 - i] = left == 1 ? right : left;
  }
  if (saturating_product(result) > kMostSmallElements) return {};
  return result;
}

// The place in a tensor of `shape` of element `index` of one of the broadcast shape `whole`.
std::size_t place_of(std::size_t index, const Dims64& whole, const Dims64& shape) {
  std::size_t place = 0, stride = 1;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const auto size = static_cast<std::size_t>(whole[whole.size() - 1 - i]);
    const std::size_t coordinate = index % size;
    index /= size;
    if (i >= shape.size()) continue;
    const auto own = static_cast<std::size_t>(shape[shape.size() - 1 - i]);
    if (own != 1) place += coordinate * stride;
    stride *= own;
  }
  return place;
}

struct Operands {
  const onnx::NodeProto& node;
  const FoldInputs& inputs;
  const SmallValue* value(int i) const { return i < node.input_size() ? inputs.value(i) : nullptr; }
  bool is(std::string_view name) const { return node.op_type() == name; }
};

// nothing: not one of the binary operators, or no number (a division by 0).
std::optional<Number> binary(std::string_view name, Number a, Number b, bool whole) {
  if (name == "Add") return a + b;
  if (name == "Sub") return a - b;
  if (name == "Mul") return a * b;
  if (name == "Min") return std::min(a, b);
  if (name == "Max") return std::max(a, b);
  if (name == "Pow") return std::pow(a, b);
  if (name == "Equal") return a == b;
  if (name == "Greater") return a > b;
  if (name == "GreaterOrEqual") return a >= b;
  if (name == "Less") return a < b;
  if (name == "LessOrEqual") return a <= b;
  if (name == "And") return a != 0 && b != 0;
  if (name == "Or") return a != 0 || b != 0;
  if (b == 0) return {};
  if (name == "Div") return whole ? std::trunc(a / b) : a / b;
  if (name == "Mod") return a - b * std::floor(a / b);
  return {};
}

bool gives_bool(const Operands& o) {
  return o.is("Equal") || o.is("Greater") || o.is("GreaterOrEqual") || o.is("Less") ||
         o.is("LessOrEqual") || o.is("And") || o.is("Or") || o.is("Not");
}

Values fold_binary(const Operands& o) {
  const SmallValue *a = o.value(0), *b = o.value(1);
  if (a == nullptr || b == nullptr || o.node.input_size() != 2) return {};
  const auto shape = broadcast(a->shape, b->shape);
  if (!shape) return {};
  std::vector<Number> numbers;
  for (std::int64_t i = 0; i < saturating_product(*shape); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto number = binary(o.node.op_type(), a->numbers[place_of(at, *shape, a->shape)],
                               b->numbers[place_of(at, *shape, b->shape)], is_whole_type(a->type));
    if (!number) return {};
    numbers.push_back(*number);
  }
  return one(gives_bool(o) ? static_cast<int>(Type::BOOL) : a->type, *shape, std::move(numbers));
}

Values fold_unary(const Operands& o) {
  const SmallValue* a = o.value(0);
  if (a == nullptr) return {};
  std::vector<Number> numbers = a->numbers;
  int type = a->type;
  if (o.is("Cast")) {
    type = static_cast<int>(integer_attribute(o.node, "to", type));
    const bool real = type == Type::FLOAT || type == Type::DOUBLE || type == Type::FLOAT16 ||
                      type == Type::BFLOAT16;
    if (!real && !is_whole_type(type)) return {};
  }
  for (Number& x : numbers) {
    if (o.is("Neg")) x = -x;
    if (o.is("Abs")) x = std::fabs(x);
    if (o.is("Floor")) x = std::floor(x);
    if (o.is("Ceil")) x = std::ceil(x);
    if (o.is("Sqrt")) x = std::sqrt(x);
    if (o.is("Not")) x = x == 0;
    if (o.is("Cast") && is_whole_type(type)) x = type == Type::BOOL ? x != 0 : std::trunc(x);
  }
  return one(type, a->shape, std::move(numbers));
}

Values fold_where(const Operands& o) {
  const SmallValue *condition = o.value(0), *a = o.value(1), *b = o.value(2);
  if (condition == nullptr || a == nullptr || b == nullptr) return {};
  const auto pair = broadcast(a->shape, b->shape);
  const auto shape = pair ? broadcast(condition->shape, *pair) : std::nullopt;
  if (!shape) return {};
  std::vector<Number> numbers;
  for (std::int64_t i = 0; i < saturating_product(*shape); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const bool chosen = condition->numbers[place_of(at, *shape, condition->shape)] != 0;
    const SmallValue& from = chosen ? *a : *b;
    numbers.push_back(from.numbers[place_of(at, *shape, from.shape)]);
  }
  return one(a->type, *shape, std::move(numbers));
}

Values fold_shape(const Operands& o) {
  const Dims64* shape = o.inputs.full_shape(0);
  if (shape == nullptr) return {};
  if (o.is("Size")) return one(Type::INT64, {}, {static_cast<Number>(saturating_product(*shape))});
  const auto rank = static_cast<std::int64_t>(shape->size());
  const auto clamped = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t begin = clamped(integer_attribute(o.node, "start", 0));
  const std::int64_t end = std::max(begin, clamped(integer_attribute(o.node, "end", rank)));
  return one(Type::INT64, {end - begin}, {shape->begin() + begin, shape->begin() + end});
}

// Shapes are vectors: only axis 0 of at most one dimension, the rest being weights' business.
Values fold_gather(const Operands& o) {
  const SmallValue *data = o.value(0), *indices = o.value(1);
  if (data == nullptr || indices == nullptr || data->shape.size() != 1) return {};
  if (integer_attribute(o.node, "axis", 0) > 0) return {};
  std::vector<Number> numbers;
  for (std::size_t i = 0; i < indices->numbers.size(); ++i) {
    const auto index = indices->integer(i);
    const std::int64_t size = data->shape[0];
    if (!index || *index < -size || *index >= size) return {};
    numbers.push_back(data->numbers[static_cast<std::size_t>(*index < 0 ? *index + size : *index)]);
  }
  return one(data->type, indices->shape, std::move(numbers));
}

Values fold_concat(const Operands& o) {
  std::vector<Number> numbers;
  int type = Type::INT64;
  for (int i = 0; i < o.node.input_size(); ++i) {
    const SmallValue* part = o.value(i);
    if (part == nullptr || part->shape.size() != 1) return {};
    numbers.insert(numbers.end(), part->numbers.begin(), part->numbers.end());
    type = part->type;
    if (static_cast<std::int64_t>(numbers.size()) > kMostSmallElements) return {};
  }
  const auto size = static_cast<std::int64_t>(numbers.size());
  return one(type, {size}, std::move(numbers));
}

// An operand that older operator sets have as an attribute.
std::optional<Dims64> numbers_of(const Operands& o, int input, const char* attribute) {
  if (const auto values = integers_attribute(o.node, attribute)) return values;
  const SmallValue* value = o.value(input);
  return value == nullptr ? std::nullopt : value->integers();
}

// An optional operand that is there, but only computed while running.
bool is_left_open(const Operands& o, int input) {
  return input < o.node.input_size() && !o.node.input(input).empty() && o.value(input) == nullptr;
}

Values fold_slice(const Operands& o) {
  const SmallValue* data = o.value(0);
  const auto starts = numbers_of(o, 1, "starts"), ends = numbers_of(o, 2, "ends");
  const auto steps = numbers_of(o, 4, "steps");
  if (data == nullptr || data->shape.size() != 1 || !starts || !ends || starts->size() != 1 ||
      ends->size() != 1 || is_left_open(o, 4))
    return {};
  const std::int64_t step = steps && !steps->empty() ? (*steps)[0] : 1;
  const std::int64_t size = data->shape[0];
  if (step == 0 || step < -size - 1) return {};
  const auto clamped = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
    return std::clamp(at < 0 ? at + size : at, low, high);
  };
  std::vector<Number> numbers;
  if (step > 0) {
    const std::int64_t end = clamped((*ends)[0], 0, size);
    for (std::int64_t i = clamped((*starts)[0], 0, size); i<end; i = step> size ? end : i + step)
      numbers.push_back(data->numbers[static_cast<std::size_t>(i)]);
  } else {
    const std::int64_t end = (*ends)[0] < -size ? -1 : clamped((*ends)[0], -1, size - 1);
    for (std::int64_t i = clamped((*starts)[0], -1, size - 1); i > end; i += step)
      numbers.push_back(data->numbers[static_cast<std::size_t>(i)]);
  }
  const auto count = static_cast<std::int64_t>(numbers.size());
  return one(data->type, {count}, std::move(numbers));
}

Values fold_axes(const Operands& o) {
  const SmallValue* data = o.value(0);
  if (data == nullptr || is_left_open(o, 1)) return {};
  const auto axes = numbers_of(o, 1, "axes");
  Dims64 shape;
  if (o.is("Squeeze")) {
    const auto rank = static_cast<std::int64_t>(data->shape.size());
    for (std::int64_t i = 0; i < rank; ++i) {
      const bool named = axes && (std::count(axes->begin(), axes->end(), i) > 0 ||
                                  std::count(axes->begin(), axes->end(), i - rank) > 0);
      const std::int64_t size = data->shape[static_cast<std::size_t>(i)];
      if (!(axes && !axes->empty() ? named : size == 1)) shape.push_back(size);
    }
  } else {
    if (!axes || axes->size() > 8) return {};
    const auto rank = static_cast<std::int64_t>(data->shape.size() + axes->size());
    std::size_t next = 0;
    for (std::int64_t i = 0; i < rank; ++i) {
      const bool fresh = std::count(axes->begin(), axes->end(), i) > 0 ||
                         std::count(axes->begin(), axes->end(), i - rank) > 0;
      if (!fresh && next >= data->shape.size()) return {};
      shape.push_back(fresh ? 1 : data->shape[next++]);
    }
  }
  if (saturating_product(shape) != static_cast<std::int64_t>(data->numbers.size())) return {};
  return one(data->type, std::move(shape), data->numbers);
}

Values fold_reshape(const Operands& o) {
  const SmallValue* data = o.value(0);
  auto target = numbers_of(o, 1, "shape");
  if (data == nullptr || !target || target->size() > 8) return {};
  const auto count = static_cast<std::int64_t>(data->numbers.size());
  const bool zero_is_zero = integer_attribute(o.node, "allowzero", 0) != 0;
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::size_t i = 0; i < target->size(); ++i) {
    std::int64_t& size = (*target)[i];
    if (size == 0 && !zero_is_zero && i < data->shape.size()) size = data->shape[i];
    if (size < 0) {
      if (size != -1 || open != nullptr) return {};  // the shape rule says what is wrong
      open = &size;
      continue;
    }
    known = saturating_product({known, size});
  }
  if (open != nullptr) *open = known == 0 ? 0 : count / known;
  if (saturating_product(*target) != count) return {};
  return one(data->type, *target, data->numbers);
}

Values fold_range(const Operands& o) {
  const SmallValue *from = o.value(0), *to = o.value(1), *step = o.value(2);
  for (const SmallValue* value : {from, to, step})
    if (value == nullptr || value->numbers.size() != 1) return {};
  if (step->numbers[0] == 0) return {};
  const Number count = std::ceil((to->numbers[0] - from->numbers[0]) / step->numbers[0]);
  if (!(count <= static_cast<Number>(kMostSmallElements))) return {};
  std::vector<Number> numbers;
  for (Number i = 0; i < count; ++i) numbers.push_back(from->numbers[0] + i * step->numbers[0]);
  const auto size = static_cast<std::int64_t>(numbers.size());
  return one(from->type, {size}, std::move(numbers));
}

Values fold_filled(const Operands& o) {
  const auto shape = numbers_of(o, 0, "");
  if (!shape) return {};
  SmallValue fill{Type::FLOAT, {1}, {0}};
  if (const auto* attribute = find_attribute(o.node, "value")) {
    const auto given = small_value_of(attribute->t());
    if (!given || given->numbers.empty()) return {};
    fill = *given;
  }
  const std::int64_t count = saturating_product(*shape);
  if (std::any_of(shape->begin(), shape->end(), [](std::int64_t s) { return s < 0; }) ||
      count > kMostSmallElements)
    return {};
  return one(fill.type, *shape,
             std::vector<Number>(static_cast<std::size_t>(count), fill.numbers[0]));
}

Values fold_expand(const Operands& o) {
  const SmallValue* data = o.value(0);
  const auto target = numbers_of(o, 1, "");
  const auto negative = [](std::int64_t s) { return s < 0; };
  if (data == nullptr || !target || std::any_of(target->begin(), target->end(), negative))
    return {};
  const auto shape = broadcast(data->shape, *target);
  if (!shape) return {};
  std::vector<Number> numbers;
  for (std::int64_t i = 0; i < saturating_product(*shape); ++i)
    numbers.push_back(data->numbers[place_of(static_cast<std::size_t>(i), *shape, data->shape)]);
  return one(data->type, *shape, std::move(numbers));
}

// Over everything: what a number of elements is computed with.
Values fold_reduction(const Operands& o) {
  const SmallValue* data = o.value(0);
  if (data == nullptr || data->shape.size() > 1 || data->numbers.empty() || is_left_open(o, 1))
    return {};
  if (integer_attribute(o.node, "noop_with_empty_axes", 0) != 0) return {};
  Number result = data->numbers[0];
  for (std::size_t i = 1; i < data->numbers.size(); ++i) {
    const Number x = data->numbers[i];
    if (o.is("ReduceProd")) result *= x;
    if (o.is("ReduceSum")) result += x;
    if (o.is("ReduceMax")) result = std::max(result, x);
    if (o.is("ReduceMin")) result = std::min(result, x);
  }
  const bool keep = integer_attribute(o.node, "keepdims", 1) != 0 && data->shape.size() == 1;
  return one(data->type, keep ? Dims64{1} : Dims64{}, {result});
}

Values fold_split(const Operands& o) {
  const SmallValue* data = o.value(0);
  if (data == nullptr || data->shape.size() != 1 || o.node.output_size() == 0 || is_left_open(o, 1))
    return {};
  auto parts = numbers_of(o, 1, "split");
  if (!parts) {
    const std::int64_t each = (data->shape[0] + o.node.output_size() - 1) / o.node.output_size();
    parts = Dims64(static_cast<std::size_t>(o.node.output_size()), each);
    parts->back() = data->shape[0] - each * (o.node.output_size() - 1);
  }
  if (static_cast<int>(parts->size()) != o.node.output_size()) return {};
  Values result;
  std::int64_t at = 0;
  for (const std::int64_t size : *parts) {
    if (size < 0 || size > data->shape[0] - at) return {};
    result.push_back(
        {data->type, {size}, {data->numbers.begin() + at, data->numbers.begin() + at + size}});
    at += size;
  }
  return result;
}

template <typename List>
Values listed(int type, const List& list) {
  return one(type, {static_cast<std::int64_t>(list.size())}, {list.begin(), list.end()});
}

Values fold_constant(const Operands& o) {
  for (const auto& attribute : o.node.attribute()) {
    if (attribute.name() == "value") {
      auto value = small_value_of(attribute.t());
      return value ? Values{std::move(*value)} : Values{};
    }
    if (attribute.name() == "value_int")
      return one(Type::INT64, {}, {static_cast<Number>(attribute.i())});
    if (attribute.name() == "value_float")
      return one(Type::FLOAT, {}, {static_cast<Number>(attribute.f())});
    if (attribute.name() == "value_ints") return listed(Type::INT64, attribute.ints());
    if (attribute.name() == "value_floats") return listed(Type::FLOAT, attribute.floats());
  }
  return {};
}

struct FoldRow {
  std::string_view operation;
  Values (*fold)(const Operands&);
};

constexpr FoldRow kFolds[] = {
    {"Constant", fold_constant},
    {"Shape", fold_shape},
    {"Size", fold_shape},
    {"Gather", fold_gather},
    {"Concat", fold_concat},
    {"Slice", fold_slice},
    {"Squeeze", fold_axes},
    {"Unsqueeze", fold_axes},
    {"Reshape", fold_reshape},
    {"Range", fold_range},
    {"Expand", fold_expand},
    {"ConstantOfShape", fold_filled},
    {"Split", fold_split},
    {"Where", fold_where},
    {"Identity", fold_unary},
    {"Cast", fold_unary},
    {"Neg", fold_unary},
    {"Abs", fold_unary},
    {"Floor", fold_unary},
    {"Ceil", fold_unary},
    {"Sqrt", fold_unary},
    {"Not", fold_unary},
    {"Add", fold_binary},
    {"Sub", fold_binary},
    {"Mul", fold_binary},
    {"Div", fold_binary},
    {"Mod", fold_binary},
    {"Min", fold_binary},
    {"Max", fold_binary},
    {"Pow", fold_binary},
    {"Equal", fold_binary},
    {"Greater", fold_binary},
    {"GreaterOrEqual", fold_binary},
    {"Less", fold_binary},
    {"LessOrEqual", fold_binary},
    {"And", fold_binary},
    {"Or", fold_binary},
    {"ReduceProd", fold_reduction},
    {"ReduceSum", fold_reduction},
    {"ReduceMax", fold_reduction},
    {"ReduceMin", fold_reduction},
};

}  // namespace

std::vector<SmallValue> folded(const onnx::NodeProto& node, const FoldInputs& inputs) {
  const auto* row = std::find_if(std::begin(kFolds), std::end(kFolds), [&](const FoldRow& one_row) {
    return one_row.operation == node.op_type();
  });
  if (row == std::end(kFolds)) return {};
  return row->fold({node, inputs});
}

}  // namespace isojoule
