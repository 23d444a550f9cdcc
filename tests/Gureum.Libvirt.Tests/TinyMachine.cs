using Gureum.Libvirt.Probe;

namespace Gureum.Libvirt.Tests;

/// <summary>A machine that needs no operating system: its boot sector says "up" on the serial port, then echoes what it is told.</summary>
internal static class TinyMachine
{
    /// <summary>libvirt's description of it.</summary>
    /// <param name="disk">Its disk; <see cref="WriteDisk"/> makes one.</param>
    /// <param name="name">Its name.</param>
    /// <param name="more">More devices.</param>
    /// <param name="machine">Its machine type.</param>
    internal static string Xml(string disk, string name, string more = "", string machine = "q35", string format = "raw") =>
        $"""
        <domain type='qemu'>
          <name>{name}</name>
          <memory unit='MiB'>32</memory>
          <vcpu>1</vcpu>
          <os><type arch='x86_64' machine='{machine}'>hvm</type><boot dev='hd'/></os>
          <features><acpi/></features>
          <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <disk type='file' device='disk'><driver name='qemu' type='{format}'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
            <controller type='pci' index='0' model='pcie-root'/>
            <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
            <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
            <controller type='usb' model='none'/>
            <serial type='pty'><target port='0'/></serial>
            <console type='pty'><target type='serial' port='0'/></console>
            {more}
          </devices>
        </domain>
        """;

    /// <summary>A raw disk of 1 MiB with the boot sector.</summary>
    internal static void WriteDisk(string path)
    {
        var disk = new byte[1 << 20];
        ReadOnlySpan<byte> code =
        [
            0xFA,               //        cli
            0x31, 0xC0,         //        xor ax, ax
            0x8E, 0xD8,         //        mov ds, ax
            0xBE, 0x22, 0x7C,   //        mov si, 0x7C22
            0xBA, 0xF8, 0x03,   //        mov dx, 0x3F8
            0xAC,               // next:  lodsb
            0x84, 0xC0,         //        test al, al
            0x74, 0x03,         //        jz listen
            0xEE,               //        out dx, al
            0xEB, 0xF8,         //        jmp next
            0xBA, 0xFD, 0x03,   // listen: mov dx, 0x3FD
            0xEC,               // wait:  in al, dx
            0xA8, 0x01,         //        test al, 1
            0x74, 0xFB,         //        jz wait
            0xBA, 0xF8, 0x03,   //        mov dx, 0x3F8
            0xEC,               //        in al, dx
            0xEE,               //        out dx, al
            0xEB, 0xF1,         //        jmp listen
        ];
        code.CopyTo(disk);
        "up\n"u8.CopyTo(disk.AsSpan(0x22));
        disk[510] = 0x55;
        disk[511] = 0xAA;
        File.WriteAllBytes(path, disk);
    }
}
