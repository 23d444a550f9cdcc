namespace Gureum.Libvirt.Probe;

/// <summary>The smallest guest: a boot sector in 16-bit code that says "kvm" on the first serial port and switches the machine off.</summary>
internal static class BootSector
{
    /// <summary>What it says.</summary>
    internal const string Word = "kvm";

    /// <summary>The disk's 512 bytes.</summary>
    internal static byte[] Image()
    {
        var sector = new byte[512];
        ReadOnlySpan<byte> code =
        [
            0xFA,               //        cli
            0x31, 0xC0,         //        xor ax, ax
            0x8E, 0xD8,         //        mov ds, ax
            0xBE, 0x18, 0x7C,   //        mov si, 0x7C18
            0xBA, 0xF8, 0x03,   //        mov dx, 0x3F8
            0xAC,               // next:  lodsb
            0x84, 0xC0,         //        test al, al
            0x74, 0x03,         //        jz off
            0xEE,               //        out dx, al
            0xEB, 0xF8,         //        jmp next
            0xBA, 0xF4, 0x00,   // off:   mov dx, 0xF4      (isa-debug-exit: ends QEMU)
            0xEE,               //        out dx, al
            0xF4,               //        hlt
        ];
        code.CopyTo(sector);
        System.Text.Encoding.ASCII.GetBytes(Word + "\n", sector.AsSpan(0x18));
        sector[510] = 0x55;
        sector[511] = 0xAA;
        return sector;
    }
}
