# The headers come with tools/setup; the library itself is loaded at run time. Everything of ours
# that the worker needs is in the isojoule library; of that one's own libraries only those stay
# that are used.
set(onnxruntime_third_party ${PROJECT_SOURCE_DIR}/third_party/onnxruntime)
if(ISOJOULE_ONNXRUNTIME_INCLUDE)
  set(onnxruntime_include ${ISOJOULE_ONNXRUNTIME_INCLUDE})
else()
  set(onnxruntime_include ${onnxruntime_third_party}/include)
endif()
if(EXISTS ${onnxruntime_include}/onnxruntime_cxx_api.h)
  target_include_directories(${worker} SYSTEM PRIVATE ${onnxruntime_include})
  target_link_options(${worker} PRIVATE -Wl,--as-needed)
  target_link_libraries(${worker} PRIVATE isojoule ${CMAKE_DL_LIBS})
  target_compile_definitions(${worker} PRIVATE
    ISOJOULE_ONNXRUNTIME_LIBRARY_DIR="${onnxruntime_third_party}/lib/${CMAKE_SYSTEM_PROCESSOR}")
else()
  set(worker_skip "no onnxruntime_cxx_api.h in ${onnxruntime_include} (tools/setup fetches it)")
endif()
