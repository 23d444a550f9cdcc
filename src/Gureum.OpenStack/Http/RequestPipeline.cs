using System.Text.Json;
using Gureum.Client;
using Gureum.OpenStack.Identity;
using Microsoft.AspNetCore.Http;

namespace Gureum.OpenStack.Http;

/// <summary>What happens to every request: who asks, which microversion, the answer, and refusals in the service's form (stateless).</summary>
internal sealed class RequestPipeline(TokenReader tokens)
{
    internal async Task RunAsync(HttpContext context, IService service, Handler handler, bool open)
    {
        var id = "req-" + Guid.NewGuid();
        var call = new Call(context, service.Prefix, null) { RequestId = id };
        Answer answer;
        try
        {
            var caller = await IdentifyAsync(context, open);
            call = new Call(context, service.Prefix, caller) { RequestId = id, Version = VersionOf(context, service) };
            answer = await handler(call);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested) { return; }
        catch (Exception e) { answer = Refuse(e, service, call); }
        await SendAsync(context, service.Finish(answer, call), id);
    }

    /// <summary>A refusal outside any route.</summary>
    internal static Task RefuseAsync(HttpContext context, IService service, Fault fault)
    {
        var id = "req-" + Guid.NewGuid();
        var call = new Call(context, service.Prefix, null) { RequestId = id };
        return SendAsync(context, service.Finish(service.Refuse(fault, call), call), id);
    }

    private async Task<Caller?> IdentifyAsync(HttpContext context, bool open)
    {
        var token = context.Request.Headers["X-Auth-Token"].ToString();
        if (open) return null;
        return token.Length > 0 && await tokens.ReadAsync(token, context.RequestAborted) is { } caller ? caller : throw Fault.Unauthorized();
    }

    private static Microversion VersionOf(HttpContext context, IService service)
    {
        if (service.Microversions is not { } range) return default;
        var headers = context.Request.Headers;
        return range.Choose(headers.TryGetValue("OpenStack-API-Version", out var header) ? header[0] : null, range.OldHeader is { } old && headers.TryGetValue(old, out var bare) ? bare[0] : null);
    }

    private static Answer Refuse(Exception exception, IService service, Call call)
    {
        var fault = exception switch
        {
            Fault known => known,
            ApiException { Code: 401 } => Fault.Unauthorized(),
            ApiException { Code: 422 } e => Fault.BadRequest(e.Message),
            ApiException { Code: >= 400 } e => new Fault(e.Code, e.Message),
            JsonException e => Fault.BadRequest(e.Message),
            BadHttpRequestException e => new Fault(e.StatusCode, e.Message),
            ApiUnreachableException e => new Fault(503, e.Message),
            _ => new Fault(500, $"The server failed on this request; its log says more under {call.RequestId}."),
        };
        if (fault.Status == 500) Log.Current.Error("openstack", $"{service.Name}: {call.Context.Request.Method} {call.Path} failed ({call.RequestId})", exception);
        var answer = service.Refuse(fault, call);
        return fault.Status == 401 ? answer.With("WWW-Authenticate", $"Keystone uri=\"{call.Origin}/identity\"") : answer;
    }

    private static async Task SendAsync(HttpContext context, Answer answer, string id)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers) response.Headers[name] = value;
        response.Headers["x-openstack-request-id"] = id;
        var hasBody = answer.Status is not (204 or 205 or 304) && (answer.Body.Length > 0 || answer.Send is not null);
        if (hasBody)
        {
            response.ContentType = answer.ContentType;
            response.ContentLength = answer.Send is null ? answer.Body.Length : answer.Length;
        }
        else if (answer.Status is not (204 or 205 or 304)) response.ContentLength = 0;
        if (!hasBody || context.Request.Method == "HEAD") return;
        if (answer.Send is { } send) await send(response.Body, context.RequestAborted);
        else await response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }
}
