using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Gureum.Images.Recipes;

/// <summary>
/// The static program of the pause image. For x86-64 its 144 bytes of machine code are kept here, so that no node needs a
/// compiler; elsewhere images/pause/pause.c is compiled.
/// </summary>
internal static class PauseProgram
{
    private const ulong LoadAddress = 0x400000;
    private const int HeaderSize = 64 + 56;

    // gcc -Os of images/pause/pause.c, section .text; position independent.
    private const string CodeX64 =
        "415541ba08000000b80e00000031d24154bf02000000555348c74424f8ffffffff4c8d4424f84c89c60f0541b9800000" +
        "0031f6bb3d0000004883cdff41bde700000041bc0100000041ba080000004c89c84c89c74889f20f054883f802740648" +
        "83f80f75104531d24c89e84889f74889f20f05ebd34883f81175cd4531d24889d84889ef4c89e20f054885c07fedebb8";

    internal static async Task<byte[]> GetAsync(CancellationToken cancel)
    {
        if (RuntimeInformation.OSArchitecture == Architecture.X64) return Executable(Convert.FromHexString(CodeX64));

        string directory = Directory.CreateTempSubdirectory("gureum-pause-").FullName;
        try
        {
            string source = Path.Combine(directory, "pause.c"), program = Path.Combine(directory, "pause");
            await using (Stream code = typeof(PauseProgram).Assembly.GetManifestResourceStream("pause.c")!)
            await using (FileStream file = File.Create(source))
                await code.CopyToAsync(file, cancel).ConfigureAwait(false);
            await Command.RunAsync("gcc",
                ["-Os", "-static", "-nostdlib", "-ffreestanding", "-fno-pie", "-no-pie", "-fno-asynchronous-unwind-tables", "-o", program, source],
                directory, "gcc", cancel).ConfigureAwait(false);
            return await File.ReadAllBytesAsync(program, cancel).ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Wraps machine code into an ELF executable of one segment, the code right behind the headers.</summary>
    private static byte[] Executable(byte[] code)
    {
        byte[] elf = new byte[HeaderSize + code.Length];
        Span<byte> header = elf, segment = elf.AsSpan(64);
        ReadOnlySpan<byte> identity = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2); // an executable
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 62); // x86-64
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], LoadAddress + HeaderSize); // entry point
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], 64); // program headers
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // load
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5); // readable, executable
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)elf.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)elf.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
        code.CopyTo(elf, HeaderSize);
        return elf;
    }
}
