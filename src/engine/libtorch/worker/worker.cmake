# LibTorch's headers and libraries, found directly: its own CMake package changes flags for the whole
# project and wants the CUDA toolkit where LibTorch was built with CUDA, which running does not need.
# Looked for in ISOJOULE_TORCH_DIR (the folder that holds include/ and lib/, of a LibTorch archive or
# of a Python wheel), in CMAKE_PREFIX_PATH and in the system's folders.
set(ISOJOULE_TORCH_DIR "" CACHE PATH "Folder of LibTorch (with include/ and lib/); empty: look for it")
set(torch_hints ${ISOJOULE_TORCH_DIR})
foreach(prefix ${CMAKE_PREFIX_PATH})
  list(APPEND torch_hints ${prefix} ${prefix}/../..)  # torch.utils.cmake_prefix_path is share/cmake
endforeach()
find_path(ISOJOULE_TORCH_INCLUDE torch/script.h HINTS ${torch_hints} PATH_SUFFIXES include)
find_path(ISOJOULE_TORCH_API_INCLUDE torch/cuda.h HINTS ${torch_hints} ${ISOJOULE_TORCH_INCLUDE}
          PATH_SUFFIXES include/torch/csrc/api/include torch/csrc/api/include)
set(torch_libraries)
foreach(name torch torch_cpu c10 torch_cuda c10_cuda)
  find_library(ISOJOULE_LIB_${name} ${name} HINTS ${torch_hints} PATH_SUFFIXES lib)
  mark_as_advanced(ISOJOULE_LIB_${name})
  if(ISOJOULE_LIB_${name})
    list(APPEND torch_libraries ${ISOJOULE_LIB_${name}})
  endif()
endforeach()
mark_as_advanced(ISOJOULE_TORCH_INCLUDE ISOJOULE_TORCH_API_INCLUDE)

if(NOT ISOJOULE_TORCH_INCLUDE OR NOT ISOJOULE_TORCH_API_INCLUDE)
  set(worker_skip "no torch/script.h (package libtorch-dev, or option ISOJOULE_TORCH_DIR)")
elseif(NOT ISOJOULE_LIB_torch_cpu OR NOT ISOJOULE_LIB_c10)
  set(worker_skip "no libtorch_cpu and libc10 beside ${ISOJOULE_TORCH_INCLUDE}")
elseif(CMAKE_CROSSCOMPILING OR ISOJOULE_STATIC)
  set(worker_skip "LibTorch here is for this machine and is not linked statically")
else()
  get_filename_component(torch_library_dir ${ISOJOULE_LIB_torch_cpu} DIRECTORY)
  get_filename_component(torch_root ${torch_library_dir} DIRECTORY)
  file(GLOB torch_configs ${torch_root}/share/cmake/Torch/TorchConfig.cmake)
  if(torch_configs)
    file(STRINGS ${torch_configs} torch_old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
    if(torch_old_abi)
      set(worker_skip "${torch_root} was built with the old C++ ABI; take the build with the cxx11 ABI")
    endif()
  endif()
endif()

if(NOT worker_skip)
  target_include_directories(${worker} SYSTEM PRIVATE ${ISOJOULE_TORCH_INCLUDE}
    ${ISOJOULE_TORCH_API_INCLUDE} ${Protobuf_INCLUDE_DIRS})
  target_compile_definitions(${worker} PRIVATE ONNX_ML=1 ONNX_NAMESPACE=onnx)
  # Of the core only what is used; of LibTorch everything: CUDA's half registers itself when it is
  # loaded, and nothing refers to it by name.
  target_link_options(${worker} PRIVATE -Wl,--as-needed)
  target_link_libraries(${worker} PRIVATE isojoule ${ONNX_PROTO_LIBRARY} ${Protobuf_LIBRARIES}
    -Wl,--no-as-needed ${torch_libraries} -Wl,--as-needed ${CMAKE_DL_LIBS})
  set_target_properties(${worker} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  target_precompile_headers(${worker} PRIVATE <ATen/ATen.h>)
  set_source_files_properties(${folder}/onnx_model.cc PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endif()

# ONNX's own tests of operators, on the worker's objects.
if(NOT worker_skip AND ISOJOULE_TESTS)
  add_executable(libtorch_node_tests ${folder}/node_tests/node_tests.cc
    $<FILTER:$<TARGET_OBJECTS:${worker}>,EXCLUDE,/main\\.cc\\.o$>)
  target_include_directories(libtorch_node_tests PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_include_directories(libtorch_node_tests SYSTEM PRIVATE ${ISOJOULE_TORCH_INCLUDE}
    ${ISOJOULE_TORCH_API_INCLUDE})
  target_link_options(libtorch_node_tests PRIVATE -Wl,--as-needed)
  target_link_libraries(libtorch_node_tests PRIVATE isojoule_flags tl::expected isojoule
    ${ONNX_PROTO_LIBRARY} ${Protobuf_LIBRARIES} -Wl,--no-as-needed ${torch_libraries}
    -Wl,--as-needed Threads::Threads ${CMAKE_DL_LIBS})
  target_precompile_headers(libtorch_node_tests REUSE_FROM ${worker})
  target_compile_definitions(libtorch_node_tests PRIVATE ONNX_ML=1 ONNX_NAMESPACE=onnx)
endif()
