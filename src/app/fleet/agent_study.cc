#include "app/fleet/agent_study.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "app/fleet/agent_options.h"
#include "base/file_tree.h"
#include "experiment/experiment.h"
#include "fleet/name.h"
#include "fleet/object.h"

namespace isojoule::agent {
namespace {

namespace fs = std::filesystem;

Error of_disk(const std::error_code& code, const std::string& path, const char* tried) {
  return error_from_errno(code.value(), path, tried);
}

// The object under another name, beside others of its study: engines go by a file's ending, and by
// what lies beside it. A link, because a network may be large.
Status place(const std::string& object, const std::string& path) {
  std::error_code code;
  fs::create_directories(fs::path(path).parent_path(), code);
  if (code) return tl::unexpected<Error>(of_disk(code, path, "make the folder of"));
  fs::remove(path, code);
  const fs::path target = fs::absolute(object, code);
  fs::create_symlink(target, path, code);
  if (code) return tl::unexpected<Error>(of_disk(code, path, "link"));
  return {};
}

// "alexnet" -> "alexnet.onnx"; the path of a file keeps its own ending.
std::string network_place(const std::string& network) {
  const std::string place = place_of_file(network);
  return fs::path(place).has_extension() ? place : place + ".onnx";
}

// Objects go when another study needs the room.
bool leads_somewhere(const std::string& path) {
  std::error_code code;
  return fs::exists(path, code) && !code;
}

bool has_all_files(const OpenStudy& study, const std::string& root) {
  if (!study.has_files) return false;
  return std::all_of(study.record.networks.begin(), study.record.networks.end(),
                     [&](const auto& network) {
                       const auto path = study.networks.find(network.first);
                       return path != study.networks.end() && leads_somewhere(path->second);
                     }) &&
         std::all_of(study.record.files.begin(), study.record.files.end(), [&](const auto& file) {
           return leads_somewhere(root + "/files/" + place_of_file(file.first));
         });
}

}  // namespace

Result<std::string> ObjectStore::get(const fleet::ObjectName& object) {
  ISOJOULE_TRY(std::string path, fleet::get_file(bus_, object, folder_));
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // asked for now
  return path;
}

void ObjectStore::keep_bound(const std::set<std::string>& in_use) {
  struct Kept {
    fs::file_time_type asked;
    fs::path path;
    std::int64_t bytes;
  };
  std::vector<Kept> kept;
  std::int64_t sum = 0;
  std::error_code code;
  for (const auto& item : fs::directory_iterator(folder_, code)) {
    std::error_code gone;
    const auto bytes = static_cast<std::int64_t>(item.file_size(gone));
    const auto asked = item.last_write_time(gone);
    if (gone) continue;
    sum += bytes;
    if (!in_use.contains(item.path().filename().string()))
      kept.push_back({asked, item.path(), bytes});
  }
  std::sort(kept.begin(), kept.end(),
            [](const Kept& a, const Kept& b) { return a.asked < b.asked; });
  for (const Kept& oldest : kept) {
    if (sum <= most_bytes_) return;
    std::error_code ignored;  // another time, then
    if (fs::remove(oldest.path, ignored)) sum -= oldest.bytes;
  }
}

Status fetch_plan(fleet::Bus& bus, OpenStudy& study) {
  if (study.plan) return {};
  ISOJOULE_TRY(const std::string text, fleet::get_object(bus, study.record.plan));
  ISOJOULE_TRY(study.plan, parse_plan(text, "plan of study " + study.record.name));
  return {};
}

Status fetch_files(ObjectStore& objects, const std::string& folder, bool allow_command,
                   OpenStudy& study) {
  const std::string root = folder + "/studies/" + study.record.study;
  if (has_all_files(study, root)) return {};
  study.has_files = false;
  std::set<std::string> in_use;
  for (const auto& [network, object] : study.record.networks) {
    ISOJOULE_TRY(const std::string path, objects.get(object));
    // "a" and "a.onnx" are two networks.
    study.networks[network] =
        root + "/networks/" + object.hash.substr(0, 16) + "/" + network_place(network);
    ISOJOULE_CHECK(place(path, study.networks[network]));
    in_use.insert(object.hash);
  }
  OptionPlaces places;
  places.files_folder = root + "/files";
  places.written = root + "/written";
  places.allow_command = allow_command;
  for (const auto& [name, object] : study.record.files) {
    ISOJOULE_TRY(const std::string path, objects.get(object));
    places.files[name] = places.files_folder + "/" + place_of_file(name);
    ISOJOULE_CHECK(place(path, places.files[name]));
    in_use.insert(object.hash);
  }
  std::error_code code;
  fs::create_directories(places.written, code);
  if (code) return tl::unexpected<Error>(of_disk(code, places.written, "make the folder"));
  ISOJOULE_TRY(study.options, options_here(study.plan->options, places));
  objects.keep_bound(in_use);
  study.has_files = true;
  return {};
}

}  // namespace isojoule::agent
