package dev.millrace.rules.bad.store;

import java.util.List;
import java.util.Timer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** Threads that inherit from whoever asks for them. */
final class MakesThreads {
    static Thread bare(Runnable task) {
        return new Thread(task);
    }

    static Thread virtual(Runnable task) {
        return Thread.ofVirtual().unstarted(task);
    }

    static Thread platform(Runnable task) {
        return Thread.ofPlatform().unstarted(task);
    }

    static Timer timer() {
        return new Timer();
    }

    static long parallel(List<String> some) {
        return some.parallelStream().count();
    }

    static ForkJoinPool common() {
        return ForkJoinPool.commonPool();
    }

    static ExecutorService pool() {
        return new ScheduledThreadPoolExecutor(1);
    }

    static ExecutorService executor() {
        return Executors.newCachedThreadPool();
    }

    static CompletableFuture<Void> async(Runnable task) {
        return CompletableFuture.runAsync(task);
    }

    static CompletableFuture<String> timeout(CompletableFuture<String> answer) {
        return answer.orTimeout(1, TimeUnit.SECONDS);
    }

    static Executor late() {
        return CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);
    }

    static ExecutorService givenPool(ThreadFactory threads) {
        return new ScheduledThreadPoolExecutor(1, threads);
    }

    static CompletableFuture<Void> givenAsync(Runnable task, Executor executor) {
        return CompletableFuture.runAsync(task, executor);
    }

    private MakesThreads() {}
}
