/* Fused multiply-adds per second of all cores: twelve independent vectors per thread, nothing touches memory.
   cc -O3 -march=native -pthread fma-peak.c && ./a.out THREADS   prints GFLOP/s, the best of ten tries. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Numbers of one register: twelve wider vectors would not stay in sixteen registers of AVX2. */
#ifdef __AVX512F__
enum { WIDTH = 16 };
#else
enum { WIDTH = 8 };
#endif
enum { VECTORS = 12, ROUNDS = 20000000 };
typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

static void *work(void *result) {
  vector sum[VECTORS], factor, term;
  for (int i = 0; i < WIDTH; i++) factor[i] = 0.999f, term[i] = 0.001f;
  for (int v = 0; v < VECTORS; v++) sum[v] = factor;
  for (int round = 0; round < ROUNDS; round++)
    for (int v = 0; v < VECTORS; v++) sum[v] = sum[v] * factor + term;
  float total = 0;
  for (int v = 0; v < VECTORS; v++) total += sum[v][v];
  *(float *)result = total;
  return NULL;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 1;
  double best = 0;
  for (int attempt = 0; attempt < 10; attempt++) {
    pthread_t thread[threads];
    float result[threads];
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, work, &result[i]);
    for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9;
    double rate = 2.0 * WIDTH * VECTORS * ROUNDS * threads / seconds / 1e9;
    if (rate > best) best = rate;
    if (result[0] == 0) printf(" ");
  }
  printf("%.1f\n", best);
}
