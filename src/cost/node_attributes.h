// Attributes of a node by name, with ONNX's defaults given by the caller.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace isojoule {

inline const onnx::AttributeProto* find_attribute(const onnx::NodeProto& node, const char* name) {
  for (const auto& attribute : node.attribute())
    if (attribute.name() == name) return &attribute;
  return nullptr;
}

inline std::int64_t integer_attribute(const onnx::NodeProto& node, const char* name,
                                      std::int64_t otherwise) {
  const auto* attribute = find_attribute(node, name);
  return attribute == nullptr ? otherwise : attribute->i();
}

inline float real_attribute(const onnx::NodeProto& node, const char* name, float otherwise) {
  const auto* attribute = find_attribute(node, name);
  return attribute == nullptr ? otherwise : attribute->f();
}

inline std::string text_attribute(const onnx::NodeProto& node, const char* name,
                                  const char* otherwise) {
  const auto* attribute = find_attribute(node, name);
  return attribute == nullptr ? otherwise : attribute->s();
}

// nothing: the attribute is left out.
inline std::optional<std::vector<std::int64_t>> integers_attribute(const onnx::NodeProto& node,
                                                                   const char* name) {
  const auto* attribute = find_attribute(node, name);
  if (attribute == nullptr) return {};
  return std::vector<std::int64_t>(attribute->ints().begin(), attribute->ints().end());
}

}  // namespace isojoule
