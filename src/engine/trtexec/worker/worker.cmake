# Everything of ours that the worker needs is in the isojoule library; of that one's own libraries
# only those stay that are used. TensorRT itself is only ever run, as a program.
target_link_options(${worker} PRIVATE -Wl,--as-needed)
target_link_libraries(${worker} PRIVATE isojoule)
