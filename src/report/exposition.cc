#include "report/exposition.h"

#include <cmath>

#include "report/export_parts.h"

namespace isojoule {
namespace {

std::string_view name_of(Exposition::Type type) {
  switch (type) {
    case Exposition::Type::counter: return "counter";
    case Exposition::Type::gauge: return "gauge";
    case Exposition::Type::summary: return "summary";
  }
  return "untyped";
}

// In a label's value a quotation mark is escaped too, in HELP it is not.
std::string escaped(std::string_view text, bool in_label) {
  std::string result;
  for (const char c : clean_utf8(std::string(text))) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '\\' || (in_label && c == '"')) result += '\\';
    result += c;
  }
  return result;
}

}  // namespace

Labels with(const Labels& base, const Labels& more) {
  Labels all = base;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void Exposition::Metric::add(std::string_view suffix, const Labels& labels, double value) {
  if (!std::isfinite(value)) return;
  samples_ += name_;
  samples_ += suffix;
  char separator = '{';
  for (const auto& [name, text] : labels) {
    samples_ += separator + name + "=\"" + escaped(text, true) + '"';
    separator = ',';
  }
  samples_ += labels.empty() ? " " : "} ";
  append_number(samples_, value);
  samples_ += '\n';
}

Exposition::Metric& Exposition::metric(std::string_view name, Type type, std::string_view help) {
  for (Metric& metric : metrics_)
    if (metric.name_ == name) return metric;
  Metric& metric = metrics_.emplace_back();
  metric.name_ = name;
  metric.head_ = "# HELP " + metric.name_ + " " + escaped(help, false) + "\n# TYPE " +
                 metric.name_ + " " + std::string(name_of(type)) + "\n";
  return metric;
}

std::string Exposition::text() const {
  std::string text;
  for (const Metric& metric : metrics_)
    if (!metric.samples_.empty()) text += metric.head_ + metric.samples_;
  return text;
}

}  // namespace isojoule
