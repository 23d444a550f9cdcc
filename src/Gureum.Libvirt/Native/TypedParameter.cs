using System.Runtime.InteropServices;

namespace Gureum.Libvirt.Native;

/// <summary>virTypedParameter: a name, a type and a value.</summary>
[StructLayout(LayoutKind.Explicit, Size = 96)]
internal unsafe struct TypedParameter
{
    private const int Int = 1, UInt = 2, Long = 3, ULong = 4, Double = 5, Boolean = 6, Text = 7;

    [FieldOffset(0)]
    private fixed byte _name[80];

    [FieldOffset(80)]
    private readonly int _type;

    [FieldOffset(88)]
    private readonly long _integer;

    [FieldOffset(88)]
    private readonly double _real;

    /// <summary>The values by name; a name that occurs twice keeps its last value.</summary>
    internal static Dictionary<string, object> Read(TypedParameter* parameters, int count)
    {
        var values = new Dictionary<string, object>(count, StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            TypedParameter* p = parameters + i;
            values[Marshal.PtrToStringUTF8((IntPtr)p->_name)!] = p->_type switch
            {
                Int => (long)(int)p->_integer,
                UInt => (long)(uint)p->_integer,
                Long => p->_integer,
                ULong => unchecked((ulong)p->_integer),
                Double => p->_real,
                Boolean => (byte)p->_integer != 0,
                Text => Marshal.PtrToStringUTF8((IntPtr)p->_integer) ?? "",
                _ => throw new InvalidDataException($"libvirt gave a parameter of the unknown type {p->_type}"),
            };
        }

        return values;
    }
}

/// <summary>A list of parameters to give to libvirt; freed on disposal.</summary>
internal sealed unsafe partial class ParameterList : IDisposable
{
    private TypedParameter* _parameters;
    private int _count, _room;

    internal TypedParameter* Pointer => _parameters;

    internal int Count => _count;

    internal void Add(string name, string? value)
    {
        if (value is not null) LibvirtException.Check(AddString(ref _parameters, ref _count, ref _room, name, value), "setting " + name);
    }

    internal void Add(string name, ulong? value)
    {
        if (value is { } number) LibvirtException.Check(AddULong(ref _parameters, ref _count, ref _room, name, number), "setting " + name);
    }

    internal void Add(string name, int? value)
    {
        if (value is { } number) LibvirtException.Check(AddInt(ref _parameters, ref _count, ref _room, name, number), "setting " + name);
    }

    public void Dispose()
    {
        Free(_parameters, _count);
        _parameters = null;
        _count = 0;
    }

    [LibraryImport("libvirt.so.0", EntryPoint = "virTypedParamsFree")]
    internal static partial void Free(TypedParameter* parameters, int count);

    [LibraryImport("libvirt.so.0", EntryPoint = "virTypedParamsAddString", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddString(ref TypedParameter* parameters, ref int count, ref int room, string name, string value);

    [LibraryImport("libvirt.so.0", EntryPoint = "virTypedParamsAddULLong", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddULong(ref TypedParameter* parameters, ref int count, ref int room, string name, ulong value);

    [LibraryImport("libvirt.so.0", EntryPoint = "virTypedParamsAddInt", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddInt(ref TypedParameter* parameters, ref int count, ref int room, string name, int value);
}
