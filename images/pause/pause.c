/*
 * The process that keeps a pod's namespaces alive. As process 1 of a process namespace that the pod shares it also
 * collects the orphans. All signals stay blocked and are waited for, so it needs neither handlers nor a libc.
 *
 *   gcc -Os -static -nostdlib -ffreestanding -fno-pie -no-pie -fno-asynchronous-unwind-tables -o pause pause.c
 */
#if defined(__x86_64__)
enum { SYS_SIGPROCMASK = 14, SYS_SIGWAIT = 128, SYS_WAIT4 = 61, SYS_EXIT = 231 };
static long call4(long n, long a, long b, long c, long d)
{
    long r;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return r;
}
#elif defined(__aarch64__)
enum { SYS_SIGPROCMASK = 135, SYS_SIGWAIT = 137, SYS_WAIT4 = 260, SYS_EXIT = 94 };
static long call4(long n, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#endif

enum { SIGNAL_INT = 2, SIGNAL_TERM = 15, SIGNAL_CHILD = 17, NO_HANG = 1, SET_MASK = 2, SET_SIZE = 8 };

void _start(void)
{
    unsigned long all = ~0UL;
    call4(SYS_SIGPROCMASK, SET_MASK, (long)&all, 0, SET_SIZE);
    for (;;) {
        long signal = call4(SYS_SIGWAIT, (long)&all, 0, 0, SET_SIZE);
        if (signal == SIGNAL_INT || signal == SIGNAL_TERM)
            call4(SYS_EXIT, 0, 0, 0, 0);
        if (signal == SIGNAL_CHILD)
            while (call4(SYS_WAIT4, -1, 0, NO_HANG, 0) > 0)
                ;
    }
}
