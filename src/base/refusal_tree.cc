#include "base/refusal_tree.h"

namespace isojoule {

Result<std::string> RefusalTree::do_read(std::string_view path) {
  return noted(tree_.read(path), path, Access::read);
}
Status RefusalTree::do_write(std::string_view path, std::string_view text) {
  return noted(tree_.write(path, text), path, Access::write);
}
Result<std::vector<std::string>> RefusalTree::do_list(std::string_view path) {
  return noted(tree_.list(path), path, Access::read);
}
Result<std::string> RefusalTree::do_canonical(std::string_view path) {
  return noted(tree_.canonical(path), path, Access::read);
}
Result<std::unique_ptr<File>> RefusalTree::do_open(std::string_view path) {
  return noted(tree_.open(path), path, Access::read);
}
Result<std::string> RefusalTree::do_run(const std::vector<std::string>& command, Duration limit) {
  return tree_.run(command, limit);
}

}  // namespace isojoule
