using System.Text.Json;
using Gureum.Objects.Meta.V1;

namespace Gureum.Objects.Models;

/// <summary>An immutable typed view of a JSON object. Fields that it does not know survive a read and a write.</summary>
public interface IModel
{
    void Write(Utf8JsonWriter writer);
}

/// <inheritdoc cref="IModel"/>
public interface IModel<TSelf> : IModel where TSelf : IModel<TSelf>
{
    static abstract TSelf Read(ref Utf8JsonReader reader);
}

/// <summary>An object of the API: it has a kind and metadata.</summary>
public interface IKubeObject : IModel
{
    ResourceType Type { get; }
    ObjectMeta Metadata { get; }
}

/// <inheritdoc cref="IKubeObject"/>
public interface IKubeObject<TSelf> : IKubeObject, IModel<TSelf> where TSelf : IKubeObject<TSelf>
{
    /// <summary>The collection that objects of this kind live in.</summary>
    static abstract ResourceType Resource { get; }

    TSelf WithMetadata(ObjectMeta metadata);
}
