namespace Gureum.Libvirt;

/// <summary>Those of libvirt's error numbers (virErrorNumber) that callers tell apart.</summary>
public enum LibvirtErrorCode
{
    /// <summary>No error was recorded.</summary>
    Ok = 0,

    /// <summary>Something without a number of its own; the message says what.</summary>
    InternalError = 1,

    /// <summary>Memory is short.</summary>
    NoMemory = 2,

    /// <summary>The hypervisor cannot do this.</summary>
    NotSupported = 3,

    /// <summary>The hypervisor cannot be reached.</summary>
    NoConnection = 5,

    /// <summary>The connection is of no use any more.</summary>
    InvalidConnection = 6,

    /// <summary>An argument is not acceptable.</summary>
    InvalidArgument = 8,

    /// <summary>The operation failed; the message says why. A name or uuid that is taken answers this too.</summary>
    OperationFailed = 9,

    /// <summary>The XML is not well-formed or lacks something.</summary>
    XmlError = 27,

    /// <summary>The machine is running already.</summary>
    DomainExists = 28,

    /// <summary>The XML is not well-formed; the message has the place.</summary>
    XmlDetail = 35,

    /// <summary>Reading or writing failed in the system.</summary>
    SystemError = 38,

    /// <summary>There is no such machine.</summary>
    NoDomain = 42,

    /// <summary>The machine is not in a state for this.</summary>
    OperationInvalid = 55,

    /// <summary>Another operation has held the machine for too long.</summary>
    OperationTimeout = 68,

    /// <summary>The description asks for what this hypervisor does not have.</summary>
    ConfigUnsupported = 67,

    /// <summary>There is no such snapshot.</summary>
    NoDomainSnapshot = 72,

    /// <summary>The operation was aborted on request.</summary>
    OperationAborted = 78,

    /// <summary>Migration would be unsafe for its disks.</summary>
    MigrateUnsafe = 81,

    /// <summary>A disk's job is still running.</summary>
    BlockCopyActive = 83,

    /// <summary>The hypervisor refuses the operation on this machine.</summary>
    OperationUnsupported = 84,

    /// <summary>The guest agent does not answer.</summary>
    AgentUnresponsive = 86,

    /// <summary>A lock on a disk is held elsewhere.</summary>
    ResourceBusy = 87,

    /// <summary>There is no such device.</summary>
    DeviceMissing = 99,

    /// <summary>The guest agent answered nothing or nonsense.</summary>
    AgentUnsynced = 97,

    /// <summary>The description does not follow the schema.</summary>
    XmlInvalidSchema = 92,
}

/// <summary>Those of libvirt's parts (virErrorDomain) that callers tell apart.</summary>
public enum LibvirtErrorSource
{
    /// <summary>None was recorded.</summary>
    None = 0,

    /// <summary>The QEMU driver.</summary>
    Qemu = 10,

    /// <summary>The connection between us and libvirtd.</summary>
    Rpc = 7,

    /// <summary>The reader of domain descriptions.</summary>
    Domain = 20,
}
