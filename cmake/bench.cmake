# Benchmarks against peers: every bench/*.cpp is a program of its own.
file(GLOB GRADUS_BENCH_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
foreach(source ${GRADUS_BENCH_SOURCES})
  get_filename_component(program ${source} NAME_WE)
  add_executable(bench_${program} ${source})
  target_link_libraries(bench_${program} PRIVATE Gradus::gradus)
endforeach()
# The product benchmark compares with oneDNN where it is installed.
find_library(GRADUS_DNNL dnnl)
if(GRADUS_DNNL AND TARGET bench_gemm)
  target_link_libraries(bench_gemm PRIVATE ${GRADUS_DNNL})
endif()
