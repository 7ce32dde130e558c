#include "tensor/input_files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/file_tree.h"
#include "base/text_file.h"
#include "tensor/image.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

std::optional<InputKind> kind_of_name(const fs::path& path) {
  constexpr std::array<std::string_view, 8> images = {".jpg", ".jpeg", ".png", ".bmp",
                                                      ".gif", ".pnm",  ".ppm", ".pgm"};
  const std::string extension = extension_of(path);
  if (std::find(images.begin(), images.end(), extension) != images.end()) return InputKind::image;
  if (extension == ".txt") return InputKind::text;
  if (extension == ".npy") return InputKind::tensor;
  return std::nullopt;
}

std::string wanted_names(InputKind kind) {
  switch (kind) {
    case InputKind::image: return "images (.jpg, .jpeg, .png, .bmp, .gif, .pnm, .ppm, .pgm)";
    case InputKind::text: return "texts (.txt)";
    default: return "tensors (.npy)";
  }
}

Result<bool> is_folder(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    const int number = error && error.value() != 0 ? error.value() : ENOENT;
    Error missing = error_from_errno(number, path, "open");
    missing.remedy = "Name the inputs' file or folder with input.path";
    return tl::unexpected<Error>(std::move(missing));
  }
  return fs::is_directory(status);
}

// The files of a folder by name, without hidden ones and folders.
Result<std::vector<fs::path>> files_of(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code unknown;
    if (at->path().filename().string().starts_with('.') || at->is_directory(unknown)) continue;
    files.push_back(at->path());
  }
  if (error) return tl::unexpected<Error>(error_from_errno(error.value(), folder, "list"));
  std::sort(files.begin(), files.end());
  if (files.empty())
    return fail(ErrorKind::invalid, folder + ": is an empty folder",
                "Name a folder with images, texts or tensors in it");
  return files;
}

// Enough of a file to tell what it is.
std::string beginning_of(const std::string& path) {
  std::string bytes(4096, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return bytes;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = trimmed(std::string_view(text).substr(at, end - at));
    if (!line.empty()) lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

// A path of a list, which is relative to the list's folder.
std::string listed(const std::string& list, const std::string& line) {
  return (fs::path(list).parent_path() / line).string();
}

// The first path of a list; nothing where the file is no list.
std::optional<std::string> first_listed(const std::string& path) {
  if (kind_of_name(path) != InputKind::text) return std::nullopt;
  const std::vector<std::string> lines = lines_of(beginning_of(path));
  std::error_code unknown;
  if (lines.empty() || !fs::is_regular_file(listed(path, lines[0]), unknown)) return std::nullopt;
  return listed(path, lines[0]);
}

Result<InputKind> kind_of_folder(const std::string& path) {
  ISOJOULE_TRY(const auto files, files_of(path));
  std::optional<InputKind> kind;
  for (const fs::path& file : files) {
    const auto its = kind_of_name(file);
    if (its && kind && *its != *kind)
      return fail(ErrorKind::invalid,
                  path + ": holds " + wanted_names(*kind) + " and " + wanted_names(*its),
                  "Say which of them with input.kind");
    if (its) kind = its;
  }
  if (!kind)
    return fail(ErrorKind::invalid, path + ": holds no images, texts or tensors",
                "Known endings are .jpg, .jpeg, .png, .bmp, .gif, .pnm, .ppm, .pgm, .txt, .npy");
  return *kind;
}

Result<InputFiles> files_of_kind(const std::string& path, InputKind kind) {
  ISOJOULE_TRY(const auto files, files_of(path));
  InputFiles found;
  std::size_t others = 0;
  for (const fs::path& file : files) {
    if (kind_of_name(file) == kind)
      found.paths.push_back(file.string());
    else
      ++others;
  }
  if (found.paths.empty())
    return fail(ErrorKind::invalid, path + ": holds no " + wanted_names(kind),
                "Name another folder, or choose input.kind");
  if (others > 0)
    found.notes.push_back(path + ": " + std::to_string(others) + " files left out that are no " +
                          wanted_names(kind));
  return found;
}

}  // namespace

Result<InputKind> kind_of_path(const std::string& path) {
  ISOJOULE_TRY(const bool folder, is_folder(path));
  if (folder) return kind_of_folder(path);
  const std::string bytes = beginning_of(path);
  if (bytes.starts_with("\x93NUMPY")) return InputKind::tensor;
  const auto first = first_listed(path);
  if (first) return kind_of_name(*first).value_or(InputKind::text);
  const auto named = kind_of_name(path);
  if (named) return *named;
  return looks_like_image(bytes) ? InputKind::image : InputKind::text;
}

Result<InputFiles> find_input_files(const std::string& path, InputKind kind) {
  ISOJOULE_TRY(const bool folder, is_folder(path));
  if (folder) return files_of_kind(path, kind);
  InputFiles found;
  if (!first_listed(path)) {
    found.paths.push_back(path);
    found.one_file = true;
    return found;
  }
  ISOJOULE_TRY(const std::string text, read_text_file(path));
  for (const std::string& line : lines_of(text)) found.paths.push_back(listed(path, line));
  return found;
}

}  // namespace isojoule
