# libFuzzer targets (preset 'fuzz'): src/<path>/<name>_fuzz.cc becomes fuzz_<path>_<name>, or
# fuzz_<path> where the folder has the same name. The kept corpora lie beside the sources or in
# tests/corpus; the tests run them without clang.
#
#   cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_import_spl
#   build/fuzz/bin/fuzz_import_spl -max_total_time=300 build/fuzz/corpus_spl tests/corpus/import_spl
if(ISOJOULE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "libFuzzer is part of clang: use the preset 'fuzz'")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

function(isojoule_fuzzers)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/src
       ${PROJECT_SOURCE_DIR}/src/*_fuzz.cc)
  foreach(file ${files})
    get_filename_component(folder ${file} DIRECTORY)
    get_filename_component(part ${folder} NAME)
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" name ${name})
    string(REPLACE "/" "_" target ${folder})
    if(NOT name STREQUAL part)
      string(APPEND target "_${name}")
    endif()
    add_executable(fuzz_${target} src/${file})
    target_include_directories(fuzz_${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(fuzz_${target} PRIVATE isojoule isojoule_flags)
    target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
  endforeach()
endfunction()
