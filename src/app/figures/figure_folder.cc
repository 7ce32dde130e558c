#include "app/figures/figure_folder.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "app/figures/figure_index.h"
#include "base/file_tree.h"
#include "base/text_file.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kIndex = "figures.json";
constexpr const char* kPeoplesIndex = "index.md";
constexpr std::size_t kLongestPart = 60;  // of a name, so that the whole stays below 255 bytes

bool is_plain(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-';
}

// Anything else becomes one '_' however much of it there is.
std::string plain(const std::string& name) {
  std::string out;
  for (const char letter : name) {
    if (is_plain(letter))
      out += letter;
    else if (out.empty() || out.back() != '_')
      out += '_';
    if (out.size() == kLongestPart) break;
  }
  return out;
}

std::string small_letters(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

Status make_folder(const std::string& folder) {
  std::error_code code;
  if (fs::exists(folder, code) && !fs::is_directory(folder, code))
    return fail(ErrorKind::invalid, folder + ": is a file", "Name a folder");
  fs::create_directories(folder, code);
  if (!code) return {};
  Error error = error_from_errno(code.value(), folder, "make the folder");
  if (error.kind == ErrorKind::permission_denied || error.kind == ErrorKind::read_only)
    error.remedy = "Name a folder that you may write to";
  return tl::unexpected<Error>(std::move(error));
}

// Each name of its files, of an entry that somebody may have edited.
std::set<std::string> files_of(const ordered_json& entry) {
  std::set<std::string> names;
  if (!entry.is_object() || !entry.contains("files") || !entry["files"].is_object()) return names;
  for (const auto& file : entry["files"])
    if (file.is_string()) names.insert(file.get<std::string>());
  return names;
}

}  // namespace

Result<FigureFolder> FigureFolder::open(const std::string& folder) {
  if (folder.empty()) return fail(ErrorKind::invalid, "the folder for figures has no name");
  ISOJOULE_CHECK(make_folder(folder));
  FigureFolder made(folder);
  ISOJOULE_CHECK(made.read_earlier());
  return made;
}

Status FigureFolder::read_earlier() {
  if (!is_there(kIndex)) {
    if (is_there(kPeoplesIndex))
      return fail(ErrorKind::invalid, path(kPeoplesIndex) + ": is there and not ours",
                  "Name another folder, or remove the file");
    return {};
  }
  ISOJOULE_TRY(const std::string text, read_text_file(path(kIndex)));
  const auto index = ordered_json::parse(text, nullptr, false);
  if (!index.is_object() || !index.contains("figures") || !index["figures"].is_array())
    return fail(ErrorKind::invalid, path(kIndex) + ": is there and no list of figures",
                "Name another folder, or remove the file");
  for (const auto& entry : index["figures"]) {
    const auto files = files_of(entry);
    if (files.empty()) continue;
    ours_.insert(files.begin(), files.end());
    earlier_.push_back(entry);
  }
  return {};
}

bool FigureFolder::is_there(const std::string& name) const {
  std::error_code code;  // a link that leads nowhere is there, too
  return fs::symlink_status(path(name), code).type() != fs::file_type::not_found;
}

std::string FigureFolder::stem(const std::string& network, std::int64_t batch,
                               const std::string& figure) {
  std::string name = network.empty() ? "" : plain(network) + "-";
  if (batch > 0) name += "batch" + std::to_string(batch) + "-";
  name += plain(figure);
  if (name.front() == '-') name.front() = '_';  // no option of any program
  std::string candidate = name;
  for (int i = 2; !stems_.insert(small_letters(candidate)).second; ++i)
    candidate = name + "-" + std::to_string(i);
  return candidate;
}

Status FigureFolder::check_ours(const std::vector<std::string>& names) const {
  for (const auto& name : names)
    if (!ours_.contains(name) && is_there(name))
      return fail(ErrorKind::invalid,
                  path(name) + ": is there, and `report --figures` did not write it",
                  "Name another folder, or remove the file");
  return {};
}

Result<std::vector<std::string>> FigureFolder::add(const std::string& stem, const Files& files,
                                                   const ordered_json& row) {
  std::vector<std::string> names, paths;
  ordered_json whole = {{"name", stem}};
  whole.update(row);
  for (const auto& [ending, text] : files) {
    names.push_back(stem + "." + ending);
    paths.push_back(path(names.back()));
    whole["files"][ending] = names.back();
  }
  ISOJOULE_CHECK(check_ours(names));
  figures_.push_back(std::move(whole));
  Status written = write_json();
  for (std::size_t i = 0; written && i < files.size(); ++i)
    written = write_text_file(paths[i], *files[i].second);
  if (written) return paths;
  std::error_code code;
  for (const auto& file : paths) fs::remove(file, code);
  figures_.erase(figures_.size() - 1);
  return tl::unexpected<Error>(written.error());
}

ordered_json FigureFolder::index() const {
  ordered_json rows = figures_;
  std::set<std::string> written;
  for (const auto& row : figures_) written.merge(files_of(row));
  for (const auto& row : earlier_) {
    const auto files = files_of(row);
    const auto stays = [&](const auto& name) { return !written.contains(name) && is_there(name); };
    if (std::all_of(files.begin(), files.end(), stays)) rows.push_back(row);
  }
  return {{"schema", 1}, {"generator", generator_}, {"figures", rows}};
}

// What a user typed may be no UTF-8; JSON has no other.
Status FigureFolder::write_json() const {
  return write_text_file(
      path(kIndex), index().dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

Status FigureFolder::write_index() {
  ISOJOULE_CHECK(write_json());
  return write_text_file(path(kPeoplesIndex), figure_index_text(index()));
}

}  // namespace isojoule
