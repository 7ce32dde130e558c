#include "app/figures/figure_index.h"

#include <fmt/format.h>

namespace isojoule {
namespace {

using nlohmann::ordered_json;

// Of an entry that somebody may have edited: "" where there is no such text.
std::string word(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Neither markup of Markdown nor of HTML, on one line.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '<')
      out += "&lt;";
    else if (letter == '&')
      out += "&amp;";
    else if (letter == '\n' || letter == '\r')
      out += ' ';
    else if (std::string_view("\\`*_{}[]()#!|~$>").find(letter) != std::string_view::npos)
      out += std::string("\\") + letter;
    else
      out += letter;
  }
  return out;
}

std::string heading(const ordered_json& entry) {
  std::string text = word(entry, "title");
  if (const std::string network = word(entry, "network"); !network.empty()) text += ", " + network;
  const auto batch = entry.find("batch");
  if (batch != entry.end() && batch->is_number_integer() && *batch > 0)
    text += fmt::format(", batch {}", batch->get<std::int64_t>());
  return escaped(text);
}

std::string section(const ordered_json& entry) {
  std::string text = fmt::format("## {}\n\n", heading(entry));
  const auto files = entry.find("files");
  std::string links;
  if (files != entry.end() && files->is_object()) {
    for (const auto& [kind, name] : files->items()) {
      if (!name.is_string()) continue;
      if (kind == "svg") text += fmt::format("![]({})\n\n", name.get<std::string>());
      links += fmt::format("{}[{}]({})", links.empty() ? "" : " · ", escaped(kind),
                           name.get<std::string>());
    }
  }
  if (const auto simulated = entry.find("simulated");
      simulated != entry.end() && *simulated == true)
    text += "**Simulated**: a twin's numbers, no evidence about a real board.\n\n";
  text += escaped(word(entry, "caption")) + "\n\n" + links + "\n\n";
  text += fmt::format("Study '{}', board {}: {}\n", escaped(word(entry, "study")),
                      escaped(word(entry, "board")), escaped(word(entry, "command")));
  return text;
}

}  // namespace

std::string figure_index_text(const ordered_json& index) {
  std::string text =
      fmt::format("# Figures\n\nMade by {}. `figures.json` says the same to programs.\n",
                  escaped(word(index, "generator")));
  for (const auto& entry : index.at("figures")) text += "\n" + section(entry);
  return text;
}

}  // namespace isojoule
